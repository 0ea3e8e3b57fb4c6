internal import RESP
internal import Values
internal import VersionedStore

/// A command that found nothing to answer with and waits for it (BLPOP and its like): who sent it, for what, until when.
///
/// Its arguments are kept, so that it can be answered as if it had only just come. Its session owns it; the queues of the
/// keys hold on to it until it is over.
final class Wait {
  /// What has to come, and what is done with it.
  enum Aim {
    case list(ListCommands.Taking)
    case sortedSet(SortedSetCommands.Taking)
    case stream(StreamCommands.Reading)
    /// So many replicas that have executed the command stream up to an offset, where all is that the client has written.
    case replicas(count: Int64, offset: Int64)
  }

  /// A key that is waited for, and where it stands among the arguments.
  struct Place {
    let queue: WaitQueue
    let argument: Int
  }

  unowned let session: Session
  let command: Fixed<CommandRecord>
  let aim: Aim
  /// Milliseconds since 1970 behind which the command is answered with nothing; `Int64.max` for never.
  let deadline: Int64
  /// The client wants no reply to it (CLIENT REPLY SKIP).
  let isSilent: Bool
  /// In order of arrival, for all commands that ever waited.
  let number: Int
  /// Its keys in the order of the command, each once.
  var places: [Place] = []
  /// Was answered, or has nobody left to be answered.
  var isOver = false
  /// What the server has had to do for it before it waited.
  var nanoseconds: Int64 = 0
  let arguments: BytesList

  init(_ call: borrowing Call, _ aim: Aim, deadline: Int64, number: Int) {
    session = call.session
    command = call.command
    self.aim = aim
    self.deadline = deadline
    self.number = number
    isSilent = session.replyMode == .skip
    arguments = BytesList(capacity: call.count)
    for index in 0..<call.count {
      unsafe call[index].withUnsafeBytes { unsafe arguments.append(copying: $0.bytes) }
    }
  }

  deinit { arguments.deallocate() }

  /// Waits for what a consumer of a group is to read, so that there must be a group, and a stream.
  var isOfGroup: Bool {
    if case .stream(let reading) = aim { reading.group != nil } else { false }
  }

  /// The command as it came, to be answered now.
  func call(_ keyspace: Keyspace) -> Call {
    Call(
      arguments: arguments, first: 0, count: arguments.count, reply: ReplyWriter(session.output, session.version),
      session: session, keyspace: keyspace, command: command, now: keyspace.now, probe: -1)
  }

  /// The argument that is the key of `queue`.
  func argument(of queue: WaitQueue) -> Int? { places.first { $0.queue === queue }?.argument }
}
