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
      let former = try entry?.string.count ?? 0
      var string = edit.editString(key, entry)
      string.extend(to: (end + 7) >> 3)
      if entry == nil { edit.created(key) }
      let hasGrown = string.count > former
      var changes = 0
      call.reply.arrayHeader(steps.count)
      for step in steps {
        guard let (answer, hasWritten, hasChanged) = step.perform(on: &string) else {
          call.reply.null()
          continue
        }
        if hasChanged || hasWritten && hasGrown { changes += 1 }
        call.reply.integer(Int(answer))
      }
      if changes > 0 {
        edit.changed(key, .string("setbit"), count: changes)
      } else if hasGrown {
        // Though nothing counts as changed: Redis, which tells nothing here, leaves its replicas behind.
        edit.effects.tellCommand()
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

  private static func answer(_ call: inout Call, _ steps: [BitfieldStep], _ string: StringReader?) {
    call.reply.arrayHeader(steps.count)
    let string = string ?? StringReader()
    for step in steps { call.reply.integer(Int(step.read(string))) }
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

  /// The bytes that the integer has bits in: up to nine.
  private var bytes: Range<Int> { offset >> 3..<(offset + width + 7) >> 3 }
  /// Bits of the last of these bytes that lie behind the integer.
  private var rest: UInt128 { UInt128(bytes.upperBound * 8 - offset - width) }

  /// These bytes as a number, the first the highest; what lies behind the end of the string is 0.
  private func window(_ string: StringReader) -> UInt128 {
    let inside = min(bytes.lowerBound, string.count)..<min(bytes.upperBound, string.count)
    let window = string.withBytes(in: inside) { $0.reduce(UInt128(0)) { $0 << 8 | UInt128($1) } }
    return window << UInt128(8 * (bytes.count - inside.count))
  }

  /// The integer; what lies behind the end is 0.
  func read(_ string: StringReader) -> Int64 { value(of: UInt64(truncatingIfNeeded: window(string) >> rest)) }

  /// The low bits of a word as an integer of this type.
  private func value(of bits: UInt64) -> Int64 {
    let unused = UInt64(64 - width)
    return isSigned ? Int64(bitPattern: bits << unused) >> Int64(unused) : Int64(bitPattern: (bits << unused) >> unused)
  }

  /// Reads, and writes what has to be written. Nil where the integer would overflow and must not.
  func perform(on string: inout StringEditor) -> (answer: Int64, hasWritten: Bool, hasChanged: Bool)? {
    let former = read(string.reader)
    if kind == .get { return (former, false, false) }
    let (value, addend) = kind == .increment ? (former, operand) : (operand, 0)
    var result = value &+ addend
    if let excess = isSigned ? signedExcess(value, addend) : unsignedExcess(value, addend) {
      switch overflow {
      case .fail: return nil
      case .saturate: result = excess
      case .wrap: result = self.value(of: UInt64(bitPattern: result))
      }
    }
    if result != former { write(UInt64(bitPattern: result), to: &string) }
    return (kind == .set ? former : result, true, result != former)
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

  private func write(_ bits: UInt64, to string: inout StringEditor) {
    let mask = (UInt128(1) << UInt128(width) - 1) << rest
    let former = window(string.reader)
    let window = former & ~mask | UInt128(bits) << rest & mask
    for index in bytes {
      let shift = UInt128(8 * (bytes.upperBound - 1 - index))
      let byte = UInt8(truncatingIfNeeded: window >> shift)
      if byte != UInt8(truncatingIfNeeded: former >> shift) { string.set(byte, at: index) }
    }
  }
}
