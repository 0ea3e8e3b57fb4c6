import Foundation
import RESP
import Synchronization
import TestSupport

/// Clients that write as fast as they are answered, each to keys of its own, and remember what they were answered.
///
/// Step `n` of writer `w` sets `count:w` to `n` and appends `n` to `list:w`, in a transaction or in a script, so that half
/// a step would show. What it draws from `set:w` is for chance to say.
final class LogWriters: Sendable {
  struct Progress {
    /// The last step that was sent, and the last one that was answered.
    var sent: Int
    var answered: Int
    /// The last one of before.
    fileprivate let first: Int
    /// When each step was answered.
    fileprivate var answers: [(at: ContinuousClock.Instant, step: Int)] = []
    fileprivate var hasEnded = false

    /// The last step that was answered at `time` at the latest, or that was there before.
    func answered(by time: ContinuousClock.Instant) -> Int { answers.last { $0.at <= time }?.step ?? first }
  }

  private let progress: Mutex<[Progress]>
  private let isEnding = Mutex(false)

  /// Goes on behind the steps of `former`, one number a writer.
  init(_ server: ServerProcess, after former: [Int]) throws {
    progress = Mutex(former.map { Progress(sent: $0, answered: $0, first: $0) })
    for writer in former.indices {
      let client = try Confined(server.connect(timeoutMilliseconds: 20_000))
      Thread { [self] in
        run(writer, client.value)
        progress.withLock { $0[writer].hasEnded = true }
      }.start()
    }
  }

  private func run(_ writer: Int, _ client: Client) {
    while !isEnding.withLock({ $0 }) {
      let step = progress.withLock { all in
        all[writer].sent += 1
        return all[writer].sent
      }
      guard let replies = try? client.pipeline(Self.commands(writer, step)), replies.allSatisfy({ !$0.isError }) else {
        return
      }
      let now = ContinuousClock.now
      progress.withLock { all in
        all[writer].answered = step
        all[writer].answers.append((now, step))
      }
    }
  }

  private static let script = "redis.call('SET', KEYS[1], ARGV[1]) return redis.call('RPUSH', KEYS[2], ARGV[1])"

  private static func commands(_ writer: Int, _ step: Int) -> [[String]] {
    let (count, list, number) = ("count:\(writer)", "list:\(writer)", "\(step)")
    var commands =
      step % 3 == 0
      ? [["EVAL", script, "2", count, list, number]]
      : [["MULTI"], ["SET", count, number], ["RPUSH", list, number], ["EXEC"]]
    if step % 5 == 0 { commands.insert(["SADD", "set:\(writer)"] + (0..<4).map { "\(step + $0)" }, at: 0) }
    if step % 7 == 0 { commands.insert(["SPOP", "set:\(writer)", "3"], at: 0) }
    return commands
  }

  /// Waits until the writers have ended, of themselves or because the server has.
  func end() -> [Progress] {
    isEnding.withLock { $0 = true }
    _ = ServerProcess.wait(milliseconds: 30_000) { progress.withLock { $0.allSatisfy(\.hasEnded) } }
    return progress.withLock { $0 }
  }

  var answeredCount: Int { progress.withLock { $0.reduce(0) { $0 + $1.answered } } }

  /// The step that a server has of each writer. Half a step, or one that is missing, is told in words.
  static func steps(_ client: Client, writers: Int) throws -> (steps: [Int], wrong: [String]) {
    var (steps, wrong): ([Int], [String]) = ([], [])
    for writer in 0..<writers {
      let step = try client.command("GET", "count:\(writer)").text.flatMap { Int($0) } ?? 0
      steps.append(step)
      let list = "list:\(writer)"
      let found = try client.pipeline([
        ["LLEN", list], ["LINDEX", list, "-1"], ["LINDEX", list, "\(step / 2)"], ["LINDEX", list, "0"],
      ])
      let expected: [Reply] =
        step == 0
        ? [.integer(0), .null, .null, .null]
        : [.integer(step), .bulk("\(step)"), .bulk("\(step / 2 + 1)"), .bulk("1")]
      // Of one element, the one in the middle is the one behind the end.
      let count = step == 1 ? 2 : 4
      if found.prefix(count) != expected.prefix(count) { wrong.append("writer \(writer) at \(step): \(found)") }
    }
    return (steps, wrong)
  }

  /// Hands a client to the one thread that uses it.
  private struct Confined: @unchecked Sendable {
    let value: Client
    init(_ value: Client) { self.value = value }
  }
}

extension Reply {
  var isError: Bool { if case .error = self { true } else { false } }
}
