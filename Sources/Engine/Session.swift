public import RESP
public import VersionedStore

/// One connection: what has come in and is not yet executed, what has to go out, and what the client has said about
/// itself. Knows nothing of sockets.
public final class Session {
  /// Rising for the life of the process, from 1, as CLIENT ID gives it.
  public let id: Int
  public let peer: PeerAddress
  public let createdAt: Int64
  let input = ByteQueue(capacity: 0)
  public let output = ByteQueue(capacity: 1024)
  var parser = RequestParser()
  /// Input bytes that must be there before parsing is worth another try.
  var needed = 1

  public var database = 0
  public var version = ProtocolVersion.resp2 {
    didSet { updateSubscriberAttention() }
  }
  public var name: [UInt8] = []
  public var libraryName: [UInt8] = []
  public var libraryVersion: [UInt8] = []
  public var isAuthenticated = true {
    didSet { updateRestriction() }
  }
  /// Why its commands are looked at more closely.
  public var attention: Attention = []
  /// What is queued since MULTI.
  var transaction: Transaction?
  /// A key that it watches has changed: its next transaction is not run.
  var isWatchBroken = false
  /// What it is subscribed to.
  var subscriptions = Subscriptions()
  /// Where the reply of the command that runs begins in the output; -1 while none does.
  var replyStart = -1
  /// Messages that came in the midst of a reply.
  var heldMessages: [UInt8] = []
  /// What it wants to be told of the keys in its cache; nil while that is nothing.
  var tracking: ClientTracking?
  /// Is or was in tracking mode, so that keys may be remembered for it.
  var hasTracked = false
  /// Is shown the commands of all (MONITOR).
  var isMonitoring = false
  /// Whose rights it has; the default user's, if the client has not said who it is.
  public internal(set) var user: User {
    didSet { updateRestriction() }
  }
  /// The version that VERSION USE chose to read; nil reads the live dataset.
  public var reading: VersionPin?
  public var replyMode = ReplyMode.on {
    didSet { updateMuting() }
  }
  public var isExemptFromEviction = false
  public var touchesKeys = true
  /// The primary's command stream: writes are let in, and nothing is answered.
  public var isPrimary = false {
    didSet {
      updateRestriction()
      updateMuting()
    }
  }
  /// Is sent the command stream, and answered nothing. See `Engine.becomeReplica`.
  public internal(set) var isReplica = false {
    didSet {
      attention.set(.replica, isReplica)
      updateMuting()
    }
  }
  /// The module that feeds replicas wants to know when it ends.
  public var concernsFeed = false
  /// Of a replica: bytes of the command stream that it was not given yet.
  public var streamOutput = 0
  /// Not all that its commands answer is to be sent.
  private(set) var isMuted = false
  /// The command of the primary's stream that has failed: nothing that follows it is executed.
  public internal(set) var failure: StreamFailure?

  /// No further command is executed; the connection ends when the output is sent.
  public var isClosing = false
  /// Nothing is sent to it any more.
  var isAbandoned = false
  /// The client has sent its last.
  var isFinished = false
  /// The transport's number for the connection; -1 for a session without one.
  public var slot = -1
  /// Waits for an answer that comes later: nothing is parsed meanwhile.
  public var isWaiting = false
  /// The blocking command that it waits in.
  var wait: Wait?
  /// Waits because clients are paused: its command will be looked at anew.
  var isPostponed = false
  /// Is on the engine's list of sessions with input.
  var isReady = false
  /// Is on the engine's list of sessions with output.
  var isDirty = false
  /// Is on the engine's list of sessions whose output waits for the log.
  var isHeld = false
  /// Has written something since effects were last handed over.
  var hasTold = false
  /// Where the streams of effects ended behind its last write; 0 if it has not written since they are open.
  public internal(set) var writtenReplicas: Int64 = 0
  public internal(set) var writtenJournal: Int64 = 0
  /// Where the streams ended behind all that its last commands may have seen, its own or not.
  var seen = StreamEnds()
  /// Bytes at the beginning of the output that may leave when the log's stream is safe up to `heldEnd`; 0 if all of it waits
  /// for the same.
  var heldCount = 0
  var heldEnd: Int64 = 0
  /// The place in the present batch up to which its input was parsed.
  var parsed = 0

  /// Memory for output when some was sent last.
  var settledCapacity = 1024
  /// Bytes given to the transport that the client has not taken yet.
  public var unsentByteCount = 0
  /// Since when the unsent output is above the soft limit, in milliseconds since 1970.
  var softLimitSince: Int64?
  public var lastInteraction: Int64
  public var lastCommand: Fixed<CommandRecord>?
  public var totalCommands = 0
  /// Memory that is counted for it in the engine's sum.
  var countedMemory = 0
  /// The most input that has lain here since its memory was last looked at.
  var inputPeak = 0

  init(id: Int, peer: PeerAddress, user: User, now: Int64) {
    self.id = id
    self.user = user
    self.peer = peer
    createdAt = now
    lastInteraction = now
  }

  deinit {
    input.deallocate()
    output.deallocate()
  }

  private func updateMuting() { isMuted = replyMode != .on || isPrimary || isReplica }

  /// Has its commands looked at where they may not all be allowed. To be called when the user's rules have changed.
  func updateRestriction() {
    attention.set(.restricted, !isPrimary && !(isAuthenticated && user.isUnrestricted))
  }

  /// Scripts run their commands in it: nobody is connected.
  var isForScripts: Bool { id == 0 }

  /// Bytes received and not executed.
  public var inputByteCount: Int { input.count }
  /// Bytes received and not read yet: without the arguments of a command that is cut short, as far as they are complete,
  /// and the lines that announce them (`qbuf`).
  public var unreadByteCount: Int { input.count - min(parser.readByteCount, input.count) }
  /// Bytes of these arguments.
  public var argumentByteCount: Int { parser.argumentByteCount }
  /// Memory of the input, used or not.
  public var inputCapacity: Int { input.capacity }
}

/// A command of the primary's stream that this server could not follow.
public struct StreamFailure: Sendable {
  /// With its subcommand.
  public let command: String
  /// The error's text.
  public let reply: String

  public init(command: String, reply: String) {
    (self.command, self.reply) = (command, reply)
  }

  /// Redis's line for an error that nobody would see otherwise.
  public var line: String {
    "== CRITICAL == This replica is sending an error to its master: '\(reply)' after processing the command '\(command)'"
  }
}

/// CLIENT REPLY.
public enum ReplyMode: Sendable {
  case on, off
  /// The next command is not answered.
  case skipNext
  /// This command is not answered.
  case skip
}

/// Both ends of a connection, as CLIENT LIST shows them.
public struct PeerAddress: Sendable {
  /// `ip:port`, `[ip]:port` or `path:0`.
  public let remote: String
  public let local: String
  public let isUnixSocket: Bool
  public let isLoopback: Bool
  public let fileDescriptor: Int

  public init(remote: String, local: String, isUnixSocket: Bool, isLoopback: Bool, fileDescriptor: Int) {
    self.remote = remote
    self.local = local
    self.isUnixSocket = isUnixSocket
    self.isLoopback = isLoopback
    self.fileDescriptor = fileDescriptor
  }
}
