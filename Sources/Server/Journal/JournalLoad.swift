import Engine
import Journal
import NIOCore
import Snapshots
import VersionedStore

/// Has a log loaded on the serving loop, a slice at a time: in between, the loop takes in what clients send, and the engine
/// tells them to wait.
final class JournalLoad {
  private let loader: JournalLoader
  private let eventLoop: any EventLoop
  private let delay: KeyDelay
  private let completion: (JournalLoader.Step) -> Void
  private var isCancelled = false

  private static let sliceByteCount = 256 << 10
  /// While `key-load-delay` slows reading down.
  private static let slowByteCount = 1 << 10

  /// `completion` is told the last step; never, when the load is given up.
  init(
    _ loader: JournalLoader, delay: KeyDelay, eventLoop: any EventLoop,
    _ completion: @escaping (JournalLoader.Step) -> Void
  ) {
    self.loader = loader
    self.delay = delay
    self.eventLoop = eventLoop
    self.completion = completion
  }

  /// Loads in slices.
  func run() {
    guard !isCancelled else { return }
    let isSlow = delay.microseconds != 0
    let step = loader.step(
      byteCount: isSlow ? Self.slowByteCount : Self.sliceByteCount, nowMicroseconds: Transport.now())
    guard case .more(let count) = step else { return completion(step) }
    let pause = isSlow ? KeyDelay.microseconds(keys: count, setting: delay.microseconds) : 0
    // Behind what the loop has to do now: sockets are looked at before the next slice.
    eventLoop.assumeIsolated().scheduleTask(in: .microseconds(Int64(pause))) { self.run() }
  }

  /// Loads all at once.
  func runAtOnce() {
    while true {
      let step = loader.step(byteCount: Self.sliceByteCount, nowMicroseconds: Transport.now())
      guard case .more = step else { return completion(step) }
    }
  }

  func giveUp() {
    isCancelled = true
    loader.giveUp()
  }
}
