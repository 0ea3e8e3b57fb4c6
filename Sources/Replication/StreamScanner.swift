internal import VersionedStore

/// What is whole of the command stream since the last time: whole commands, and transactions that are whole from MULTI
/// to EXEC.
public struct StreamPart: Sendable, Equatable {
  /// As they came, for the replicas of this one: their offsets are those of the primary.
  public var bytes: [UInt8]
  /// The same without what is for the link alone: to be executed here.
  public var commands: [UInt8]
  /// Where the part ends in the stream.
  public var end: ReplicationOffset

  public init(bytes: [UInt8], commands: [UInt8], end: ReplicationOffset) {
    self.bytes = bytes
    self.commands = commands
    self.end = end
  }
}

/// Cuts the command stream into what may be executed at once: whole commands, and transactions that are whole from
/// MULTI to EXEC.
///
/// What is there for the link alone (PING, REPLCONF) is left out of what is executed. A command that this server does not
/// have is found here, before anything of its transaction is executed, since a replica that passes over a write is no
/// replica any more.
///
/// A replica that lost its primary goes on at `resumeOffset`, the end of what was handed out: what came after it is
/// forgotten on our side, and sent again by the primary.
struct StreamScanner: Sendable {
  enum Failure: Error, Equatable {
    case malformed
    /// The name, its first bytes only when it is long.
    case unknownCommand(String)
  }

  private enum Number { case argumentCount, argumentLength }

  private enum State {
    case commandStart, argumentStart
    /// In the digits behind `*` or `$`: what they have come to, and how many they are.
    case digits(Number, Int, digitCount: Int)
    /// Before the LF behind them.
    case lineEnd(Number, Int)
    /// Bytes of an argument with its CR LF.
    case argument(bytesLeft: Int)
  }

  /// All bytes so far.
  private(set) var offset: ReplicationOffset
  private(set) var resumeOffset: ReplicationOffset
  /// Where the last request for an acknowledgement began.
  private(set) var acknowledgementRequest: ReplicationOffset?

  private var state = State.commandStart
  private var commandOffset: ReplicationOffset
  private var argumentsLeft = 0
  private var isInTransaction = false
  /// The command's first bytes, enough to know its name and those that matter here.
  private var head: [UInt8] = []
  /// Where the name stands in `head`; nil before it has begun.
  private var name: Range<Int>?
  /// Whole commands, then those of the open transaction, then the beginning of the next.
  private var held: [UInt8] = []
  /// Of `held`: what has been looked at, what is whole, and where the present command begins.
  private var scannedCount = 0
  private var wholeCount = 0
  private var commandStart = 0
  /// The places in `held` that are for the link alone, in their order.
  private var leftOut: [Range<Int>] = []
  private let lengthLimit: Int
  private let commands: StreamCommands

  init(offset: ReplicationOffset, lengthLimit: Int, commands: StreamCommands) {
    self.offset = offset
    self.resumeOffset = offset
    self.commandOffset = offset
    self.lengthLimit = min(lengthLimit, 1 << 48)  // ten times a length stays far from overflow
    self.commands = commands
  }

  /// Takes in the next bytes. After an error only `takeWhole` may still be called.
  mutating func scan(_ bytes: Bytes) throws(Failure) {
    held.append(contentsOf: bytes)
    var position = 0
    while position < bytes.count {
      let taken: Int
      if case .argument(let bytesLeft) = state {
        taken = min(bytesLeft, bytes.count - position)
      } else {
        taken = 1
      }
      let part = bytes[position..<position + taken]
      if head.count < Self.headLength { head.append(contentsOf: part.prefix(Self.headLength - head.count)) }
      position += taken
      scannedCount += taken
      offset = offset.advanced(by: taken)
      try advance(over: part)
    }
  }

  /// What has become whole since the last call; nil if that is nothing.
  mutating func takeWhole() -> StreamPart? {
    guard wholeCount > 0 else { return nil }
    let whole = Array(held[..<wholeCount])
    var commands = whole
    let omitted = leftOut.filter { $0.upperBound <= wholeCount }
    if !omitted.isEmpty {
      commands = []
      var start = 0
      for range in omitted {
        commands += whole[start..<range.lowerBound]
        start = range.upperBound
      }
      commands += whole[start...]
    }
    leftOut = leftOut[omitted.count...].map { $0.lowerBound - wholeCount..<$0.upperBound - wholeCount }
    held.removeFirst(wholeCount)
    commandStart -= wholeCount
    scannedCount -= wholeCount
    wholeCount = 0
    return StreamPart(bytes: whole, commands: commands, end: resumeOffset)
  }

  /// `part` is one byte, except within an argument.
  private mutating func advance(over part: Bytes) throws(Failure) {
    let byte = part[0]
    switch state {
    case .commandStart:
      switch byte {
      case UInt8(ascii: "*"): state = .digits(.argumentCount, 0, digitCount: 0)
      case 10, 13: drop()  // an empty inline command
      default: throw .malformed
      }
    case .argumentStart:
      guard byte == UInt8(ascii: "$") else { throw .malformed }
      state = .digits(.argumentLength, 0, digitCount: 0)
    case .digits(let number, let value, let digitCount):
      if byte == 13, digitCount > 0 {
        state = .lineEnd(number, value)
      } else {
        state = .digits(number, try append(byte, to: value, of: number), digitCount: digitCount + 1)
      }
    case .lineEnd(let number, let value):
      guard byte == 10 else { throw .malformed }
      switch number {
      case .argumentCount:
        argumentsLeft = value
        state = .argumentStart
        if value == 0 { drop() }
      case .argumentLength:
        if name == nil { name = head.count..<head.count + value }
        state = .argument(bytesLeft: value + 2)
      }
    case .argument(let bytesLeft):
      guard part.count == bytesLeft else {
        state = .argument(bytesLeft: bytesLeft - part.count)
        return
      }
      argumentsLeft -= 1
      state = .argumentStart
      if argumentsLeft == 0 { try endCommand() }
    }
  }

  private func append(_ digit: UInt8, to value: Int, of number: Number) throws(Failure) -> Int {
    guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { throw .malformed }
    let longer = value * 10 + Int(digit - UInt8(ascii: "0"))
    guard longer <= (number == .argumentLength ? lengthLimit : Int(Int32.max)) else { throw .malformed }
    return longer
  }

  private mutating func endCommand() throws(Failure) {
    let text = head.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 }
    let place = (name ?? 0..<0).clamped(to: text.indices)
    // A name that does not fit into the head is nobody's.
    switch place == name ? commands[text[place]] : nil {
    case .execute: keep()
    case .leaveOut:
      if text == Self.getAcknowledgement { acknowledgementRequest = commandOffset }
      drop()
    case .beginTransaction:
      isInTransaction = true
      keep()
    case .endTransaction:
      isInTransaction = false
      keep()
    case nil: throw .unknownCommand(String(decoding: head[place], as: UTF8.self))
    }
  }

  private mutating func drop() {
    leftOut.append(commandStart..<scannedCount)
    keep()
  }

  private mutating func keep() {
    head.removeAll(keepingCapacity: true)
    name = nil
    state = .commandStart
    commandStart = scannedCount
    commandOffset = offset
    if !isInTransaction {
      resumeOffset = offset
      wholeCount = scannedCount
    }
  }

  private static let headLength = 64
  private static let getAcknowledgement = Request.encode("replconf", "getack", "*")
}
