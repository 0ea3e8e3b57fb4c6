internal import RESP
internal import Snapshots
internal import Values
public import VersionedStore

/// Reads one file of the append-only log from chunks of any size: an RDB snapshot, or commands, or the one and then the other.
///
///     [RDB file]                               the base of a log, or the preamble of an old log that is one file
///     #TS:1700000000\r\n                       an annotation, passed over
///     *2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n        a command, told by itself
///     *1\r\n$5\r\nMULTI\r\n ... EXEC\r\n       commands that are executed together, or not at all
///
/// A process that was killed leaves half a command at the end of the file it was writing, or a transaction without its EXEC.
/// Nothing of that is handed out, and `wholeOffset` says where it begins, so that the file can be cut there.
///
/// Does no I/O. Memory grows with the bytes that have come, never with what they claim. After an error it stays failed.
public struct JournalReader {
  private enum Phase { case start, snapshot, commands }

  /// Number of bytes taken in.
  public private(set) var byteOffset = 0
  /// The end of the last command that stands outside of a transaction, or of the transaction, or of the snapshot.
  public private(set) var wholeOffset = 0
  /// Whether the file begins with a snapshot; known when a few bytes have come.
  public private(set) var hasSnapshot = false
  /// Commands taken in so far.
  public private(set) var commandCount = 0
  /// Keys of the snapshot so far.
  public var keyCount: Int { Int(clamping: snapshot.counts.keys) }

  private var phase = Phase.start
  private var snapshot = SnapshotReader()
  private var failure: JournalFailure?
  private var parser = RequestParser(limits: RequestLimits(maxBulkLength: StringForm.lengthLimit))
  /// The beginning of a command that a chunk has cut, and the number of bytes up to which it makes no sense to look again.
  private var carry: [UInt8] = []
  private var awaitedByteCount = 1
  /// The commands since MULTI, as they stand in the file; nil outside of a transaction.
  private var transaction: [UInt8]?
  /// Arguments of the command that is read; freed with the reader.
  private let arguments = Arguments()

  private final class Arguments {
    let list = BytesList()
    deinit { list.deallocate() }
  }

  public init() {}

  /// Whether the end of what has come is within a transaction.
  public var isInTransaction: Bool { transaction != nil }

  /// Reads on in the next bytes of the file.
  public mutating func receive(_ chunk: Bytes, into sink: inout some JournalSink) throws(JournalFailure) {
    if let failure { throw failure }
    do throws(JournalFailure) { try consume(chunk, into: &sink) } catch {
      failure = error
      throw error
    }
  }

  /// To be called when no more bytes will come. Throws if the file was cut short.
  public mutating func finish(into sink: inout some JournalSink) throws(JournalFailure) {
    if let failure { throw failure }
    do throws(JournalFailure) {
      // So few bytes that it was not known what they begin.
      if phase == .start { try begin(isSnapshot: false, into: &sink) }
      switch phase {
      case .snapshot: try end(of: snapshot)
      case .start, .commands: guard carry.isEmpty, transaction == nil else { throw .cutShort }
      }
    } catch {
      failure = error
      throw error
    }
  }

  // MARK: Phases

  private static let signature: StaticString = "REDIS"

  private mutating func consume(_ chunk: Bytes, into sink: inout some JournalSink) throws(JournalFailure) {
    var rest = chunk
    if phase == .start {
      let signature = Bytes(Self.signature)
      let taken = min(signature.count - carry.count, rest.count)
      carry.append(contentsOf: rest[0..<taken])
      byteOffset += taken
      rest = rest[taken..<rest.count]
      let isPossible = carry.elementsEqual(signature.prefix(carry.count))
      if isPossible, carry.count < signature.count { return }
      try begin(isSnapshot: isPossible, into: &sink)
    }
    if phase == .snapshot { rest = try readSnapshot(rest, into: &sink) }
    if phase == .commands { try readCommands(rest, into: &sink) }
  }

  /// Goes on with the first bytes, which `carry` holds, when it is known what they are the beginning of.
  private mutating func begin(isSnapshot: Bool, into sink: inout some JournalSink) throws(JournalFailure) {
    var first: [UInt8] = []
    swap(&first, &carry)
    byteOffset -= first.count
    hasSnapshot = isSnapshot
    phase = isSnapshot ? .snapshot : .commands
    try first.withBytes { bytes throws(JournalFailure) in
      if isSnapshot {
        sink.beginSnapshot()
        _ = try readSnapshot(bytes, into: &sink)
      } else {
        try readCommands(bytes, into: &sink)
      }
    }
  }

  /// Returns what stands behind the snapshot.
  private mutating func readSnapshot(
    _ bytes: Bytes, into sink: inout some JournalSink
  ) throws(JournalFailure) -> Bytes {
    let taken: Int
    do throws(SnapshotError) { taken = try snapshot.receive(bytes, into: &sink.snapshot) } catch {
      throw .snapshot(error)
    }
    byteOffset += taken
    if snapshot.isFinished {
      try end(of: snapshot)
      wholeOffset = byteOffset
      phase = .commands
      sink.endSnapshot()
    }
    return bytes[taken..<bytes.count]
  }

  private func end(of snapshot: SnapshotReader) throws(JournalFailure) {
    do throws(SnapshotError) { try snapshot.finish() } catch { throw .snapshot(error) }
    let counts = snapshot.counts
    guard counts.areComplete else {
      throw .keyCount(read: counts.keys - counts.unannouncedKeys, announced: counts.announcedKeys)
    }
  }

  // MARK: Commands

  /// The longest annotation, with its end.
  private static let annotationLimit = 1024
  /// Memory beyond this, which one long command may have taken, is given back at once.
  private static let keptCapacity = 1 << 20

  private mutating func readCommands(_ chunk: Bytes, into sink: inout some JournalSink) throws(JournalFailure) {
    var rest = chunk
    while rest.count > 0 {
      if carry.isEmpty {
        let taken = try readCommand(rest, into: &sink)
        if taken == 0 {
          carry.append(contentsOf: rest)
          byteOffset += rest.count
          return
        }
        byteOffset += taken
        noteWhole()
        rest = rest[taken..<rest.count]
      } else {
        let taken = min(max(awaitedByteCount - carry.count, 1), rest.count)
        carry.append(contentsOf: rest[0..<taken])
        byteOffset += taken
        rest = rest[taken..<rest.count]
        if carry.count >= awaitedByteCount { try readCarried(into: &sink) }
      }
    }
  }

  private mutating func readCarried(into sink: inout some JournalSink) throws(JournalFailure) {
    var command: [UInt8] = []
    swap(&command, &carry)
    // What it is told of is where the command begins.
    byteOffset -= command.count
    let taken = try command.withBytes { bytes throws(JournalFailure) in try readCommand(bytes, into: &sink) }
    byteOffset += command.count
    if taken > 0 {
      // It was filled up to its end and no further.
      assert(taken == command.count)
      noteWhole()
      command.removeAll(keepingCapacity: command.capacity <= Self.keptCapacity)
    }
    swap(&command, &carry)
  }

  private mutating func noteWhole() {
    if transaction == nil, !isAnnotation { wholeOffset = byteOffset }
  }

  /// What was read last was an annotation.
  private var isAnnotation = false

  /// Reads the command or annotation that `bytes` begins with, and hands it out. Returns its length; 0 if it is not whole.
  private mutating func readCommand(_ bytes: Bytes, into sink: inout some JournalSink) throws(JournalFailure) -> Int {
    isAnnotation = bytes[0] == UInt8(ascii: "#")
    if isAnnotation {
      if let end = bytes.prefix(Self.annotationLimit).firstIndex(of: 0x0a) { return end + 1 }
      guard bytes.count < Self.annotationLimit else { throw .malformed(byteOffset: byteOffset) }
      awaitedByteCount = bytes.count + 1
      return 0
    }
    guard bytes[0] == UInt8(ascii: "*") else { throw .malformed(byteOffset: byteOffset) }
    let taken = try parse(bytes)
    if taken > 0 {
      commandCount += 1
      try take(bytes[0..<taken], into: &sink)
    }
    return taken
  }

  /// Puts the arguments of the command that `bytes` begins with into the list. Returns its length; 0 if it is not whole.
  private mutating func parse(_ bytes: Bytes) throws(JournalFailure) -> Int {
    arguments.list.removeAll()
    var sink = JournalArguments(list: arguments.list, input: bytes)
    let result: ParseResult
    do throws(ProtocolError) {
      result = try unsafe bytes.withUnsafeBytes { raw throws(ProtocolError) in
        try unsafe parser.next(raw.bytes, into: &sink)
      }
    } catch {
      throw .malformed(byteOffset: byteOffset)
    }
    switch result {
    case .command(let consumed):
      guard sink.isWellFormed else { throw .malformed(byteOffset: byteOffset) }
      return consumed
    case .empty: throw .malformed(byteOffset: byteOffset)
    case .incomplete(let needed):
      awaitedByteCount = needed
      return 0
    }
  }

  /// Hands out the command whose arguments are in the list, or keeps it until its transaction is whole.
  private mutating func take(_ command: Bytes, into sink: inout some JournalSink) throws(JournalFailure) {
    let list = arguments.list
    if list.count == 1, list[0].equalsIgnoringCase("multi") {
      guard transaction == nil else { throw .malformed(byteOffset: byteOffset) }
      transaction = []
    } else if list.count == 1, list[0].equalsIgnoringCase("exec") {
      guard let commands = transaction.take() else { throw .malformed(byteOffset: byteOffset) }
      try execute(commands, into: &sink)
    } else if transaction != nil {
      try sink.check(list)
      transaction?.append(contentsOf: command)
    } else {
      try sink.execute(list)
    }
  }

  private mutating func execute(_ commands: [UInt8], into sink: inout some JournalSink) throws(JournalFailure) {
    try commands.withBytes { bytes throws(JournalFailure) in
      var rest = bytes
      while rest.count > 0 {
        let taken = try parse(rest)
        // It was whole when it was kept.
        guard taken > 0 else { throw .malformed(byteOffset: byteOffset) }
        try sink.execute(arguments.list)
        rest = rest[taken..<rest.count]
      }
    }
  }
}

/// Puts the arguments of a command into a list, and looks whether line ends are where they should be.
private struct JournalArguments: ArgumentSink {
  let list: BytesList
  let input: Bytes
  var isWellFormed = true

  init(list: BytesList, input: Bytes) {
    self.list = list
    self.input = input
  }

  mutating func reset(count: Int) {
    list.removeAll()
    isWellFormed = true
  }

  mutating func append(offset: Int, length: Int) {
    list.append(input[offset..<offset + length])
    if input[offset + length] != 0x0d || input[offset + length + 1] != 0x0a { isWellFormed = false }
  }

  mutating func append(unescaped bytes: RawSpan) { isWellFormed = false }
}
