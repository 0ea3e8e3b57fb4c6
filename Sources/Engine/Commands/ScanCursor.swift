internal import RESP
internal import Values
internal import VersionedStore

extension HashPosition {
  /// A position as SCAN's clients carry it around. They also send what C's `strtoul` makes a number of.
  init?(cursor text: Bytes) {
    guard let first = text.first else {
      self.init(0)
      return
    }
    let isNegative = first == UInt8(ascii: "-")
    let digits = isNegative || first == UInt8(ascii: "+") ? text[1..<text.count] : text
    guard let second = digits.first, second &- UInt8(ascii: "0") < 10, let number = UInt64(text: digits) else {
      return nil
    }
    self.init(isNegative ? 0 &- number : number)
  }
}

/// What may follow the cursor in HSCAN, SSCAN and ZSCAN.
struct MemberScan {
  private var pattern: Bytes?
  private(set) var count = 10

  init(_ call: borrowing Call) throws(CommandError) {
    for index in stride(from: 3, to: call.count, by: 2) {
      guard index + 1 < call.count else { throw .syntax }
      if call.matches(index, "count") {
        count = Int(try call.integer(index + 1))
        guard count >= 1 else { throw .syntax }
      } else if call.matches(index, "match") {
        pattern = call[index + 1] == Bytes("*") ? nil : call[index + 1]
      } else {
        throw .syntax
      }
    }
  }

  /// Whether the pattern admits a member.
  func admits(_ member: StoredValue) -> Bool {
    guard let pattern else { return true }
    return member.withBytes { Glob.matches(pattern, $0) }
  }
}

extension Call {
  /// The entry that HSCAN and kin walk, and where; nil, and the empty page as the answer, if the key is missing.
  mutating func beginScan(
    _ view: ReadView, _ type: ValueType
  ) throws(CommandError) -> (entry: Entry, position: HashPosition)? {
    guard let position = HashPosition(cursor: self[2]) else { throw .invalidCursor }
    guard let entry = view.find(key(1)) else {
      reply.arrayHeader(2)
      reply.bulk("0")
      reply.arrayHeader(0)
      return nil
    }
    guard entry.type == type else { throw .wrongType }
    return (entry, position)
  }

  /// Answers with a page of a scan: `visit` writes what it admits and says how many replies that were.
  mutating func answerPage(
    _ body: (inout ReplyWriter) throws(CommandError) -> (count: Int, next: HashPosition)
  ) throws(CommandError) {
    let start = reply.byteCount
    let header = reply.beginDeferred()
    let (count, next) = try body(&reply)
    reply.endArray(header, count: count)
    // The cursor comes first, but is known only now.
    var front: [UInt8] = []
    front.arrayHeader(2)
    front.bulk("\(next.rawValue)")
    unsafe reply.insert(front.span.bytes, at: start)
  }
}
