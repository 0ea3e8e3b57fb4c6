internal import Values
internal import VersionedStore

/// Picks the keys out of a command's arguments by its key specifications.
enum KeyFinder {
  struct Found {
    /// The argument, counted in the call that asks.
    let index: Int
    let access: KeySpecification.Access
  }

  /// The keys of the command that begins at argument `start`, for a client that asks what they are.
  static func keys(
    in call: inout Call, from start: Int, _ commands: CommandTable
  ) throws(CommandError) -> [Found] {
    let count = call.count - start
    let subcommand = count > 1 ? call[start + 1] : nil
    guard let record = commands.find(call[start], subcommand: subcommand) else {
      throw call.refuse("ERR Invalid command specified")
    }
    let command = record.value.command
    guard command.keys.contains(where: { !$0.access.contains(.notKey) }) else {
      throw call.refuse("ERR The command has no key arguments")
    }
    guard command.arity.admits(count) else {
      throw call.refuse("ERR Invalid number of arguments specified for command")
    }
    let found = find(command, in: call, from: start)
    guard !found.isEmpty || command.flags.contains(.noMandatoryKeys) else {
      throw call.refuse("ERR Invalid arguments specified for command")
    }
    return found
  }

  /// The keys of `command`, which begins at argument `start`; none where the arguments do not fit.
  static func find(_ command: Command, in call: Call, from start: Int = 0) -> [Found] {
    let count = call.count - start
    var found: [Found] = []
    for specification in command.keys where !specification.access.contains(.notKey) {
      guard let positions = positions(specification, call, start, count) else {
        found = byNumber(command, call, start, count)
        break
      }
      let access =
        specification.access.contains(.variableFlags) ? variableAccess(command, call, start) : specification.access
      found += positions.map { Found(index: start + $0, access: access) }
    }
    if let target = sortTarget(command, call, start, count) {
      found.append(Found(index: target, access: [.overwrite, .update]))
    }
    return found
  }

  /// Positions in the command; none if a keyword is missing, nil if the arguments do not fit the specification.
  private static func positions(
    _ specification: KeySpecification, _ call: Call, _ start: Int, _ count: Int
  ) -> StrideThrough<Int>? {
    guard let begin = beginning(specification.begin, call, start, count) else {
      return stride(from: 1, through: 0, by: 1)
    }
    let first: Int
    let last: Int
    let step: Int
    switch specification.find {
    case .range(let lastKey, let keyStep, let limit):
      first = begin
      step = keyStep
      if lastKey >= 0 {
        last = begin + lastKey
      } else {
        last = limit == 0 ? count + lastKey : begin + (count - begin) / limit + lastKey
      }
    case .count(let at, let firstKey, let keyStep):
      guard begin + at < count, let keys = Int64(text: call[start + begin + at]), keys >= 0 else { return nil }
      first = begin + firstKey
      step = keyStep
      last = first + Int(Int32(truncatingIfNeeded: keys)) - 1
    case .unknown:
      return stride(from: 1, through: 0, by: 1)
    }
    guard first < count, last < count, last >= first else { return nil }
    return stride(from: first, through: last, by: step)
  }

  private static func beginning(
    _ begin: KeySpecification.Begin, _ call: Call, _ start: Int, _ count: Int
  ) -> Int? {
    switch begin {
    case .index(let index):
      return index
    case .keyword(let keyword, let from):
      let candidates =
        from > 0 ? stride(from: from, to: count - 1, by: 1) : stride(from: count + from, to: 1, by: -1)
      return candidates.first { (1..<count).contains($0) && call.matches(start + $0, keyword) }.map { $0 + 1 }
    case .unknown:
      return nil
    }
  }

  /// What Redis finds where a number of keys does not fit its specification: the number is read as C's `atoi` reads it, the
  /// key to store at comes last, and nothing is said of what is done to the keys.
  private static func byNumber(_ command: Command, _ call: Call, _ start: Int, _ count: Int) -> [Found] {
    for (index, specification) in command.keys.enumerated() {
      guard case .count(let at, let firstKey, _) = specification.find, case .index(let begin) = specification.begin,
        begin + at < count
      else { continue }
      let (keys, first) = (leadingNumber(call[start + begin + at]), begin + firstKey)
      guard keys >= 1, keys <= count - first else { return [] }
      let positions = Array(first..<first + keys) + (index > 0 ? [1] : [])
      return positions.map { Found(index: start + $0, access: []) }
    }
    return []
  }

  private static func leadingNumber(_ text: Bytes) -> Int {
    var index = 0
    while index < text.count, text[index] == UInt8(ascii: " ") || (9...13).contains(text[index]) { index += 1 }
    let isNegative = index < text.count && text[index] == UInt8(ascii: "-")
    if isNegative || index < text.count && text[index] == UInt8(ascii: "+") { index += 1 }
    var number: Int64 = 0
    while index < text.count, text[index] &- UInt8(ascii: "0") < 10 {
      let digit = Int64(text[index] - UInt8(ascii: "0"))
      let (product, overflowsA) = number.multipliedReportingOverflow(by: 10)
      let (sum, overflowsB) = product.addingReportingOverflow(digit)
      number = overflowsA || overflowsB ? .max : sum
      if number == .max { break }
      index += 1
    }
    return Int(Int32(truncatingIfNeeded: isNegative ? -number : number))
  }

  /// Where SORT stores: behind the last STORE that is no operand of another option. No specification tells that.
  private static func sortTarget(_ command: Command, _ call: Call, _ start: Int, _ count: Int) -> Int? {
    guard "\(command.name)" == "sort" else { return nil }
    var (target, index) = (Int?.none, start + 2)
    let end = start + count
    while index < end {
      if call.matches(index, "limit") {
        index += 2
      } else if call.matches(index, "get") || call.matches(index, "by") {
        index += 1
      } else if call.matches(index, "store"), index + 1 < end {
        target = index + 1
      }
      index += 1
    }
    return target
  }

  /// What SET does with its key depends on its options: only with GET does it read what was there.
  private static func variableAccess(_ command: Command, _ call: Call, _ start: Int) -> KeySpecification.Access {
    guard "\(command.name)" == "set" else { return bitfieldAccess(call, start) }
    let options = start + 3..<max(call.count, start + 3)
    let reads = options.contains { call.matches($0, "get") }
    return reads ? [.readWrite, .access, .update] : [.overwrite, .update]
  }

  /// BITFIELD only reads, if all that it does is to get.
  private static func bitfieldAccess(_ call: Call, _ start: Int) -> KeySpecification.Access {
    var index = start + 2
    while index < call.count {
      let left = call.count - index - 1
      if call.matches(index, "get"), left >= 2 {
        index += 3
      } else if call.matches(index, "overflow"), left >= 1 {
        index += 2
      } else {
        return [.readWrite, .access, .update]
      }
    }
    return [.readOnly, .access]
  }
}
