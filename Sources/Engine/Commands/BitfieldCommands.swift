internal import RESP
internal import Values
internal import VersionedStore

/// BITFIELD: integers of any width at any bit.
extension BitmapCommands {
  static let bitfield = Command(
    "bitfield", arity: .atLeast(2), flags: [.write, .denyOOM], categories: [.bitmap],
    keys: [
      KeySpecification(
        .index(1), .range(last: 0, step: 1, limit: 0), [.readWrite, .access, .update, .variableFlags],
        notes: "This command allows both access and modification of the key")
    ], group: .bitmap, since: "3.2.0", complexity: "O(1) for each subcommand.",
    "Reads and writes integers of any width within a string.",
    .write { call, edit throws(CommandError) in
      let steps = try steps(&call)
      guard let end = steps.filter({ $0.kind != .get }).map({ $0.offset + $0.width }).max() else {
        return answer(&call, steps, try edit.read(call.key(1))?.string)
      }
      let key = call.key(1)
      let entry = edit.find(key)
      guard entry?.type ?? .string == .string else { throw .wrongType }
      let bytes = edit.editString(key, entry, count: (end + 7) >> 3)
      call.reply.arrayHeader(steps.count)
      for step in steps {
        guard let result = step.perform(on: bytes) else {
          call.reply.null()
          continue
        }
        call.reply.integer(Int(result))
      }
    })

  static let bitfieldReadOnly = Command(
    "bitfield_ro", arity: .atLeast(2), flags: [.readOnly, .fast], categories: [.bitmap],
    keys: [.one([.readOnly, .access])], group: .bitmap, since: "6.0.0", complexity: "O(1) for each subcommand.",
    "Reads integers of any width within a string.",
    .read { call, view throws(CommandError) in
      let steps = try steps(&call)
      guard steps.allSatisfy({ $0.kind == .get }) else {
        throw call.refuse("ERR BITFIELD_RO only supports the GET subcommand")
      }
      answer(&call, steps, try view.find(call.key(1))?.string)
    })

  private static func answer(_ call: inout Call, _ steps: [BitfieldStep], _ value: StoredValue?) {
    call.reply.arrayHeader(steps.count)
    (value ?? .bytes(Bytes())).withBytes { bytes in
      for step in steps { call.reply.integer(Int(step.read(bytes))) }
    }
  }

  private static func steps(_ call: inout Call) throws(CommandError) -> [BitfieldStep] {
    var (steps, overflow) = ([BitfieldStep](), BitfieldStep.Overflow.wrap)
    var index = 2
    while index < call.count {
      let left = call.count - index - 1
      let kind: BitfieldStep.Kind
      if call.matches(index, "get"), left >= 2 {
        kind = .get
      } else if call.matches(index, "set"), left >= 3 {
        kind = .set
      } else if call.matches(index, "incrby"), left >= 3 {
        kind = .increment
      } else if call.matches(index, "overflow"), left >= 1 {
        if call.matches(index + 1, "wrap") {
          overflow = .wrap
        } else if call.matches(index + 1, "sat") {
          overflow = .saturate
        } else if call.matches(index + 1, "fail") {
          overflow = .fail
        } else {
          throw call.refuse("ERR Invalid OVERFLOW type specified")
        }
        index += 2
        continue
      } else {
        throw .syntax
      }
      let (isSigned, width) = try type(call[index + 1])
      let offset = try call.bitOffset(index + 2, width: width)
      let operand = kind == .get ? 0 : try call.integer(index + 3)
      steps.append(
        BitfieldStep(
          kind: kind, isSigned: isSigned, width: width, offset: offset, operand: operand, overflow: overflow))
      index += kind == .get ? 3 : 4
    }
    return steps
  }

  /// `i16`, `u8`.
  private static func type(_ text: Bytes) throws(CommandError) -> (isSigned: Bool, width: Int) {
    let isSigned = text.first == UInt8(ascii: "i")
    guard isSigned || text.first == UInt8(ascii: "u"), let width = Int64(text: text[1..<text.count]), width >= 1,
      width <= (isSigned ? 64 : 63)
    else { throw .badBitfieldType }
    return (isSigned, Int(width))
  }
}

private struct BitfieldStep {
  enum Kind { case get, set, increment }
  enum Overflow { case wrap, saturate, fail }

  let kind: Kind
  let isSigned: Bool
  let width: Int
  let offset: Int
  let operand: Int64
  let overflow: Overflow

  /// The integer; what lies behind the end is 0.
  func read(_ bytes: Bytes) -> Int64 {
    var bits: UInt64 = 0
    for bit in offset..<offset + width {
      let byte = bit >> 3 < bytes.count ? bytes[bit >> 3] : 0
      bits = bits << 1 | UInt64(byte >> UInt8(7 - bit & 7) & 1)
    }
    return value(of: bits)
  }

  /// The low bits of a word as an integer of this type.
  private func value(of bits: UInt64) -> Int64 {
    let unused = UInt64(64 - width)
    return isSigned ? Int64(bitPattern: bits << unused) >> Int64(unused) : Int64(bitPattern: (bits << unused) >> unused)
  }

  /// Reads, and writes what has to be written. The answer is nil where the integer would overflow and must not.
  func perform(on bytes: MutableBytes) -> Int64? {
    let former = read(bytes.bytes)
    if kind == .get { return former }
    let (value, addend) = kind == .increment ? (former, operand) : (operand, 0)
    var result = value &+ addend
    if let excess = isSigned ? signedExcess(value, addend) : unsignedExcess(value, addend) {
      switch overflow {
      case .fail: return nil
      case .saturate: result = excess
      case .wrap: result = self.value(of: UInt64(bitPattern: result))
      }
    }
    write(UInt64(bitPattern: result), to: bytes)
    return kind == .set ? former : result
  }

  /// The bound that a sum runs over; nil if it does not. What is far below the least counts as above the greatest: so it
  /// does in Redis, whose difference of the two runs over itself.
  private func signedExcess(_ value: Int64, _ addend: Int64) -> Int64? {
    let most: Int64 = width == 64 ? .max : 1 << Int64(width - 1) - 1
    let least = -most - 1
    let (room, depth) = (most &- value, least &- value)
    if value > most || width != 64 && addend > room || value >= 0 && addend > 0 && addend > room { return most }
    if value < least || width != 64 && addend < depth || value < 0 && addend < 0 && addend < depth { return least }
    return nil
  }

  /// The same for unsigned fields, which take what is set for an unsigned number.
  private func unsignedExcess(_ value: Int64, _ addend: Int64) -> Int64? {
    let most: Int64 = width == 63 ? .max : 1 << Int64(width) - 1
    if value < 0 || value > most || addend > 0 && addend > most &- value { return most }
    return addend < 0 && addend < 0 &- value ? 0 : nil
  }

  private func write(_ bits: UInt64, to bytes: MutableBytes) {
    for index in 0..<width {
      let bit = offset + index
      let mask = UInt8(0x80) >> UInt8(bit & 7)
      let isSet = bits >> UInt64(width - 1 - index) & 1 == 1
      bytes[bit >> 3] = isSet ? bytes[bit >> 3] | mask : bytes[bit >> 3] & ~mask
    }
  }
}
