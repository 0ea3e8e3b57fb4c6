internal import VersionedStore

/// Follows the command stream without keeping it: where commands end, where a transaction is open, and when the primary
/// asks for an acknowledgement.
///
/// A replica that lost its primary goes on at `resumeOffset`, the end of the last command outside of a transaction: what
/// came after is discarded on our side, and sent again by the primary.
struct StreamScanner: Sendable {
  struct Malformed: Error {}

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
  /// The command's first bytes, enough to know those that matter here.
  private var head: [UInt8] = []
  private let lengthLimit: Int

  init(offset: ReplicationOffset, lengthLimit: Int) {
    self.offset = offset
    self.resumeOffset = offset
    self.commandOffset = offset
    self.lengthLimit = min(lengthLimit, 1 << 48)  // ten times a length stays far from overflow
  }

  mutating func scan(_ bytes: Bytes) throws(Malformed) {
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
      offset = offset.advanced(by: taken)
      try advance(over: part)
    }
  }

  /// `part` is one byte, except within an argument.
  private mutating func advance(over part: Bytes) throws(Malformed) {
    let byte = part[0]
    switch state {
    case .commandStart:
      switch byte {
      case UInt8(ascii: "*"): state = .digits(.argumentCount, 0, digitCount: 0)
      case 10, 13: endCommand()  // an empty inline command
      default: throw Malformed()
      }
    case .argumentStart:
      guard byte == UInt8(ascii: "$") else { throw Malformed() }
      state = .digits(.argumentLength, 0, digitCount: 0)
    case .digits(let number, let value, let digitCount):
      if byte == 13, digitCount > 0 {
        state = .lineEnd(number, value)
      } else {
        state = .digits(number, try append(byte, to: value, of: number), digitCount: digitCount + 1)
      }
    case .lineEnd(let number, let value):
      guard byte == 10 else { throw Malformed() }
      switch number {
      case .argumentCount:
        argumentsLeft = value
        state = .argumentStart
        if value == 0 { endCommand() }
      case .argumentLength:
        state = .argument(bytesLeft: value + 2)
      }
    case .argument(let bytesLeft):
      guard part.count == bytesLeft else {
        state = .argument(bytesLeft: bytesLeft - part.count)
        return
      }
      argumentsLeft -= 1
      state = .argumentStart
      if argumentsLeft == 0 { endCommand() }
    }
  }

  private func append(_ digit: UInt8, to value: Int, of number: Number) throws(Malformed) -> Int {
    guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { throw Malformed() }
    let longer = value * 10 + Int(digit - UInt8(ascii: "0"))
    guard longer <= (number == .argumentLength ? lengthLimit : Int(Int32.max)) else { throw Malformed() }
    return longer
  }

  private mutating func endCommand() {
    if mayMatter {
      let text = head.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) ? $0 - 32 : $0 }
      if text == Self.multi { isInTransaction = true }
      if text == Self.exec { isInTransaction = false }
      if text == Self.getAcknowledgement { acknowledgementRequest = commandOffset }
    }
    head.removeAll(keepingCapacity: true)
    state = .commandStart
    commandOffset = offset
    if !isInTransaction { resumeOffset = offset }
  }

  /// Whether the command has as many arguments, and as long a name, as one of those that matter.
  private var mayMatter: Bool {
    guard head.count > 5 else { return false }
    return head[1] == UInt8(ascii: "1") || (head[1] == UInt8(ascii: "3") && head[5] == UInt8(ascii: "8"))
  }

  private static let headLength = 48
  private static let multi = Request.encode("MULTI")
  private static let exec = Request.encode("EXEC")
  private static let getAcknowledgement = Request.encode("REPLCONF", "GETACK", "*")
}
