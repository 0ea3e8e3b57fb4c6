internal import RESP
internal import Values
internal import VersionedStore

/// Strings as rows of bits, the first the highest of the first byte. Behaviour and reply texts follow Redis 7.0.
enum BitmapCommands {
  static let all = [setbit, getbit, bitcount, bitpos, bitop, bitfield, bitfieldReadOnly]

  static let setbit = Command(
    "setbit", arity: .exactly(4), flags: [.write, .denyOOM], categories: [.bitmap],
    keys: [.one([.readWrite, .access, .update])], group: .bitmap, since: "2.2.0", "Sets or clears a bit.",
    .write { call, edit throws(CommandError) in
      let offset = try call.bitOffset(2)
      let bit = try call.integer(3, or: .badBit)
      guard bit == 0 || bit == 1 else { throw .badBit }
      let key = call.key(1)
      let entry = edit.find(key)
      guard entry?.type ?? .string == .string else { throw .wrongType }
      let index = offset >> 3
      let mask = UInt8(0x80) >> UInt8(offset & 7)
      let found = entry.flatMap { StringReader($0).byte(at: index) }
      let former = found ?? 0
      let byte = bit == 1 ? former | mask : former & ~mask
      var string = edit.editString(key, entry)
      string.extend(to: index + 1)
      if entry == nil { edit.created(key) }
      if byte != former { string.set(byte, at: index) }
      if found == nil || byte != former { edit.changed(key, .string("setbit")) }
      call.reply.integer(former & mask == 0 ? 0 : 1)
    })

  static let getbit = Command(
    "getbit", arity: .exactly(3), flags: [.readOnly, .fast], categories: [.bitmap], keys: [.one([.readOnly, .access])],
    group: .bitmap, since: "2.2.0", "Answers with a bit.",
    .read { call, view throws(CommandError) in
      let offset = try call.bitOffset(2)
      guard let entry = view.find(call.key(1)) else { return call.reply.integer(0) }
      let byte = try entry.string.byte(at: offset >> 3) ?? 0
      call.reply.integer(Int(byte >> UInt8(7 - offset & 7) & 1))
    })

  static let bitcount = Command(
    "bitcount", arity: .atLeast(2), flags: [.readOnly], categories: [.bitmap], keys: [.one([.readOnly, .access])],
    group: .bitmap, since: "2.6.0", complexity: "O(N) for N bytes.", "Counts the bits that are set.",
    .read { call, view throws(CommandError) in
      guard let string = try view.find(call.key(1))?.string else { return call.reply.integer(0) }
      var range = 0..<string.count * 8
      if call.count == 4 || call.count == 5 {
        let (first, last) = (try call.integer(2), try call.integer(3))
        if first < 0, last < 0, first > last { return call.reply.integer(0) }
        let unit = try call.bitUnit(4)
        range = Self.range(first, last, string.count, unit)
      } else if call.count != 2 {
        throw .syntax
      }
      call.reply.integer(string.countOfOnes(in: range))
    })

  static let bitpos = Command(
    "bitpos", arity: .atLeast(3), flags: [.readOnly], categories: [.bitmap], keys: [.one([.readOnly, .access])],
    group: .bitmap, since: "2.8.7", complexity: "O(N) for N bytes.", "Finds the first bit that is set, or clear.",
    .read { call, view throws(CommandError) in
      let bit = try call.integer(2)
      guard bit == 0 || bit == 1 else { throw .badBitArgument }
      guard let string = try view.find(call.key(1))?.string else { return call.reply.integer(bit == 1 ? -1 : 0) }
      let count = string.count
      var range = 0..<count * 8
      if call.count > 3 {
        guard call.count <= 6 else { throw .syntax }
        let first = try call.integer(3)
        let unit = try call.bitUnit(5)
        let last = call.count > 4 ? try call.integer(4) : Int64(count) * 8
        range = Self.range(first, last, count, unit)
      }
      guard !range.isEmpty else { return call.reply.integer(-1) }
      if let found = string.firstBit(bit == 1, in: range) { return call.reply.integer(found) }
      // Behind the last byte there are zeros for ever, unless the client has said where to end.
      call.reply.integer(bit == 0 && call.count < 5 ? count * 8 : -1)
    })

  /// The bits from `first` to `last`, which count in units of so many bits and from the end if negative.
  private static func range(_ first: Int64, _ last: Int64, _ byteCount: Int, _ unit: Int) -> Range<Int> {
    let total = Int64(byteCount * 8 / unit)
    let start = max(first < 0 ? total &+ first : first, 0)
    let end = min(max(last < 0 ? total &+ last : last, 0), total - 1)
    guard start <= end else { return 0..<0 }
    return Int(start) * unit..<(Int(end) + 1) * unit
  }

  static let bitop = Command(
    "bitop", arity: .atLeast(4), flags: [.write, .denyOOM], categories: [.bitmap],
    keys: [
      .one([.overwrite, .update], at: 2),
      KeySpecification(.index(3), .range(last: -1, step: 1, limit: 0), [.readOnly, .access]),
    ], group: .bitmap, since: "2.6.0", complexity: "O(N) for N bytes.", "Combines strings bit by bit.",
    .write { call, edit throws(CommandError) in
      guard let operation = BitOperation(call) else { throw .syntax }
      if operation == .not, call.count != 4 {
        throw call.refuse("ERR BITOP NOT must be called with a single source key.")
      }
      var count = 0
      for index in 3..<call.count { count = max(count, try edit.read(call.key(index))?.string.count ?? 0) }
      var result = [UInt8](repeating: 0, count: count)
      for index in 3..<call.count {
        let string = edit.find(call.key(index), quietly: true).map { StringReader($0) } ?? StringReader()
        operation.apply(string, to: &result, isFirst: index == 3)
      }
      let target = call.key(2)
      if result.isEmpty {
        edit.deleteResult(target)
      } else {
        _ = edit.find(target, quietly: true)
        edit.putRawString(target, result, expiry: nil)
        edit.changed(target, .string("set"))
      }
      call.reply.integer(result.count)
    })
}

private enum BitOperation {
  case and, or, xor, not

  init?(_ call: borrowing Call) {
    if call.matches(1, "and") {
      self = .and
    } else if call.matches(1, "or") {
      self = .or
    } else if call.matches(1, "xor") {
      self = .xor
    } else if call.matches(1, "not") {
      self = .not
    } else {
      return nil
    }
  }

  /// Combines what has been combined so far, which is as long as the longest string and begins as zeros, with the next
  /// string; one that is shorter goes on with zeros.
  func apply(_ string: StringReader, to result: inout [UInt8], isFirst: Bool) {
    string.forEachChunk { bytes, offset in
      switch self {
      case .not: for index in 0..<bytes.count { result[offset + index] = ~bytes[index] }
      case .and where !isFirst: for index in 0..<bytes.count { result[offset + index] &= bytes[index] }
      case .xor: for index in 0..<bytes.count { result[offset + index] ^= bytes[index] }
      case .and, .or: for index in 0..<bytes.count { result[offset + index] |= bytes[index] }
      }
      return true
    }
    if self == .and { for index in string.count..<result.count { result[index] = 0 } }
  }
}

extension Call {
  /// Argument `index` as the number of a bit; with a width, `#3` means the third field of that width.
  func bitOffset(_ index: Int, width: Int? = nil) throws(CommandError) -> Int {
    let text = self[index]
    let counts = width != nil && text.first == UInt8(ascii: "#")
    guard let number = Int64(text: counts ? text[1..<text.count] : text) else { throw .badBitOffset }
    let (offset, overflows) = number.multipliedReportingOverflow(by: counts ? Int64(width ?? 1) : 1)
    guard !overflows, offset >= 0, session.isPrimary || offset >> 3 < keyspace.settings.protoMaxBulkLen,
      offset >> 3 < StringForm.lengthLimit - 16
    else { throw .badBitOffset }
    return Int(offset)
  }

  /// Argument `index`, if it is there, as the unit of a range: 8 bits or 1.
  fileprivate func bitUnit(_ index: Int) throws(CommandError) -> Int {
    guard index < count else { return 8 }
    if matches(index, "bit") { return 1 }
    guard matches(index, "byte") else { throw .syntax }
    return 8
  }
}

extension StringReader {
  /// The bits of a range that lie in a piece, counted from its beginning.
  private static func part(of range: Range<Int>, _ bytes: Bytes, _ offset: Int) -> Range<Int> {
    max(range.lowerBound - offset * 8, 0)..<min(range.upperBound - offset * 8, bytes.count * 8)
  }

  private static func bytes(of range: Range<Int>) -> Range<Int> { range.lowerBound >> 3..<(range.upperBound + 7) >> 3 }

  fileprivate func countOfOnes(in range: Range<Int>) -> Int {
    guard !range.isEmpty else { return 0 }
    var count = 0
    forEachChunk(in: Self.bytes(of: range)) { bytes, offset in
      count += bytes.countOfOnes(in: Self.part(of: range, bytes, offset))
      return true
    }
    return count
  }

  fileprivate func firstBit(_ isSet: Bool, in range: Range<Int>) -> Int? {
    var found: Int?
    forEachChunk(in: Self.bytes(of: range)) { bytes, offset in
      found = bytes.firstBit(isSet, in: Self.part(of: range, bytes, offset)).map { $0 + offset * 8 }
      return found == nil
    }
    return found
  }
}

/// Ranges of bits that are not empty.
extension Bytes {
  /// The byte at `index` with the bits outside of a range of bits taken for `filler`.
  private func byte(_ index: Int, in range: Range<Int>, filler: UInt8) -> UInt8 {
    var mask: UInt8 = 0xff
    if index == range.lowerBound >> 3 { mask &= 0xff >> UInt8(range.lowerBound & 7) }
    if index == (range.upperBound - 1) >> 3 { mask &= 0xff << UInt8(7 - (range.upperBound - 1) & 7) }
    return self[index] & mask | filler & ~mask
  }

  fileprivate func countOfOnes(in range: Range<Int>) -> Int {
    let (first, last) = (range.lowerBound >> 3, (range.upperBound - 1) >> 3)
    var count = byte(first, in: range, filler: 0).nonzeroBitCount
    guard last > first else { return count }
    count += byte(last, in: range, filler: 0).nonzeroBitCount
    var at = first + 1
    while at + 8 <= last {
      count &+= littleEndian(at: at, as: UInt64.self).nonzeroBitCount
      at &+= 8
    }
    while at < last {
      count &+= self[at].nonzeroBitCount
      at &+= 1
    }
    return count
  }

  fileprivate func firstBit(_ isSet: Bool, in range: Range<Int>) -> Int? {
    let skipped: UInt8 = isSet ? 0 : 0xff
    var at = range.lowerBound >> 3
    let last = (range.upperBound - 1) >> 3
    while at <= last {
      let byte = byte(at, in: range, filler: skipped)
      if byte != skipped { return at * 8 + (isSet ? byte : ~byte).leadingZeroBitCount }
      at += 1
      // Between the edges whole words are passed over.
      let word: UInt64 = isSet ? 0 : .max
      while at + 8 <= last, littleEndian(at: at, as: UInt64.self) == word { at &+= 8 }
    }
    return nil
  }
}
