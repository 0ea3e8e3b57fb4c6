import Dispatch
import Engine
import Glibc
import NIOCore
import Snapshots
import VersionedStore

/// Reads RDB files on a thread of their own.
enum SnapshotFile {
  private static let queue = DispatchQueue(label: "snapshots", qos: .utility)
  private static let chunkSize = 256 << 10

  /// Lets `loads` read files, and answer on the serving loop.
  static func attach(_ loads: SnapshotLoads, eventLoop: any EventLoop) {
    loads.dispose = Disposal.dispose
    loads.read = { path, form, memoryLimit, stringLimit, completion in
      let completion = NIOLoopBound(completion, eventLoop: eventLoop)
      queue.async {
        let result = Result { () throws(SnapshotLoads.Failure) in
          try load(path, form, memoryLimit: memoryLimit, stringLimit: stringLimit).dataset
        }
        eventLoop.execute { completion.value(result) }
      }
    }
  }

  /// Reads the file that the server begins with, on a thread of its own, and calls back on the serving loop: with nil if
  /// there is none.
  static func loadAtStart(
    _ path: String, _ form: DatasetLoader.Form, stringLimit: Int, eventLoop: any EventLoop,
    _ completion: @escaping (Result<DatasetLoader, SnapshotLoads.Failure>?) -> Void
  ) {
    guard unsafe access(path, F_OK) == 0 || errno != ENOENT else { return completion(nil) }
    let completion = NIOLoopBound(completion, eventLoop: eventLoop)
    queue.async {
      let result = Result { () throws(SnapshotLoads.Failure) in
        try load(path, form, memoryLimit: nil, stringLimit: stringLimit)
      }
      eventLoop.execute { completion.value(result) }
    }
  }

  /// The dataset that a file holds, if it holds a whole one. What a damaged file has given so far is given up.
  static func load(
    _ path: String, _ form: DatasetLoader.Form, memoryLimit: Int?, stringLimit: Int
  ) throws(SnapshotLoads.Failure) -> DatasetLoader {
    var loader = DatasetLoader(form, nowMilliseconds: Transport.now() / 1000)
    loader.memoryLimit = memoryLimit
    var reader = SnapshotReader(stringLimit: stringLimit)
    // A pipe that nobody writes to is not to be waited for.
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw .unreadable(reason: Files.errorText(errno)) }
    defer { close(file) }
    var chunk = [UInt8](repeating: 0, count: chunkSize)
    while true {
      let count = unsafe read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .unreadable(reason: Files.errorText(errno)) }
      do throws(SnapshotError) {
        if count == 0 {
          try reader.finish()
          break
        }
        _ = try chunk.withBytes { bytes throws(SnapshotError) in try reader.receive(bytes[0..<count], into: &loader) }
      } catch {
        throw .snapshot(error)
      }
    }
    guard reader.counts.areComplete else {
      throw .keyCount(
        read: reader.counts.keys - reader.counts.unannouncedKeys, announced: reader.counts.announcedKeys)
    }
    return loader
  }
}
