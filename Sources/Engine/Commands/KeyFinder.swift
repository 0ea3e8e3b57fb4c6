internal import Values
internal import VersionedStore

/// Picks the keys out of a command's arguments by its key specifications: for COMMAND GETKEYS, and for access control,
/// which asks of each what is done to it.
enum KeyFinder {
  typealias Access = KeySpecification.Access

  /// Whether a command may name keys at all.
  static func mayFindKeys(_ command: Command) -> Bool {
    command.keys.contains { !$0.access.contains(.notKey) }
  }

  /// Calls `body` with the position of every key and with what is done to it, until it answers false. False if it did.
  ///
  /// Allocates nothing but where a number of keys does not fit.
  @discardableResult
  static func forEachKey(
    of command: Command, _ arguments: CommandArguments, _ body: (Int, Access) -> Bool
  ) -> Bool {
    if command.flags.contains(.movableKeys), Bytes(command.name) == Bytes("migrate") {
      return forEachMigratedKey(arguments, body)
    }
    for specification in command.keys where !specification.access.contains(.notKey) {
      // One specification that does not fit makes the others worthless.
      if positions(specification, arguments) == nil { return forEachKeyByNumber(of: command, arguments, body) }
    }
    for specification in command.keys where !specification.access.contains(.notKey) {
      guard let positions = positions(specification, arguments) else { continue }
      let access =
        specification.access.contains(.variableFlags) ? variableAccess(command, arguments) : specification.access
      for position in positions where !body(position, access) { return false }
    }
    guard let target = sortTarget(command, arguments) else { return true }
    return body(target, [.overwrite, .update])
  }

  /// Positions in the command; none if a keyword is missing, nil if the arguments do not fit the specification.
  private static func positions(
    _ specification: KeySpecification, _ arguments: CommandArguments
  ) -> StrideThrough<Int>? {
    let count = arguments.count
    guard let begin = beginning(specification.begin, arguments) else {
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
      guard begin + at < count, let keys = Int64(text: arguments[begin + at]), keys >= 0 else { return nil }
      first = begin + firstKey
      step = keyStep
      last = first + Int(Int32(truncatingIfNeeded: keys)) - 1
    case .unknown:
      return stride(from: 1, through: 0, by: 1)
    }
    guard first < count, last < count, last >= first else { return nil }
    return stride(from: first, through: last, by: step)
  }

  private static func beginning(_ begin: KeySpecification.Begin, _ arguments: CommandArguments) -> Int? {
    let count = arguments.count
    switch begin {
    case .index(let index):
      return index
    case .keyword(let keyword, let from):
      let candidates =
        from > 0 ? stride(from: from, to: count - 1, by: 1) : stride(from: count + from, to: 1, by: -1)
      return candidates.first { (1..<count).contains($0) && arguments.matches($0, keyword) }.map { $0 + 1 }
    case .unknown:
      return nil
    }
  }

  /// What Redis finds where a number of keys does not fit its specification: the number is read as C's `atoi` reads it, the
  /// key to store at comes last, and nothing is said of what is done to the keys.
  private static func forEachKeyByNumber(
    of command: Command, _ arguments: CommandArguments, _ body: (Int, Access) -> Bool
  ) -> Bool {
    let count = arguments.count
    for (index, specification) in command.keys.enumerated() {
      guard case .count(let at, let firstKey, _) = specification.find, case .index(let begin) = specification.begin,
        begin + at < count
      else { continue }
      let (keys, first) = (leadingNumber(arguments[begin + at]), begin + firstKey)
      guard keys >= 1, keys <= count - first else { return true }
      for position in first..<first + keys where !body(position, []) { return false }
      return index > 0 ? body(1, []) : true
    }
    return true
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
  private static func sortTarget(_ command: Command, _ arguments: CommandArguments) -> Int? {
    guard Bytes(command.name) == Bytes("sort") else { return nil }
    var (target, index) = (Int?.none, 2)
    while index < arguments.count {
      if arguments.matches(index, "limit") {
        index += 2
      } else if arguments.matches(index, "get") || arguments.matches(index, "by") {
        index += 1
      } else if arguments.matches(index, "store"), index + 1 < arguments.count {
        target = index + 1
      }
      index += 1
    }
    return target
  }

  /// MIGRATE's KEYS may be a password too, which no specification tells.
  private static func forEachMigratedKey(_ arguments: CommandArguments, _ body: (Int, Access) -> Bool) -> Bool {
    guard arguments.count >= 6 else { return true }
    var (keys, index) = (3..<4, 6)
    // As the last word it is none for Redis, unless it stands somewhere else too.
    let mayBeMany = (1..<arguments.count - 1).contains { arguments.matches($0, "keys") }
    while mayBeMany, index < arguments.count {
      if arguments.matches(index, "keys") {
        // None where one stands before as well, which the command refuses.
        keys = arguments[3].isEmpty ? index + 1..<arguments.count : 0..<0
        break
      }
      index += arguments.matches(index, "auth") ? 2 : arguments.matches(index, "auth2") ? 3 : 1
    }
    return keys.allSatisfy { body($0, [.readWrite, .access, .delete]) }
  }

  /// What SET does with its key depends on its options: only with GET does it read what was there.
  private static func variableAccess(_ command: Command, _ arguments: CommandArguments) -> Access {
    guard Bytes(command.name) == Bytes("set") else { return bitfieldAccess(arguments) }
    let reads = (3..<max(arguments.count, 3)).contains { arguments.matches($0, "get") }
    return reads ? [.readWrite, .access, .update] : [.overwrite, .update]
  }

  /// BITFIELD only reads, if all that it does is to get.
  private static func bitfieldAccess(_ arguments: CommandArguments) -> Access {
    var index = 2
    while index < arguments.count {
      let left = arguments.count - index - 1
      if arguments.matches(index, "get"), left >= 2 {
        index += 3
      } else if arguments.matches(index, "overflow"), left >= 1 {
        index += 2
      } else {
        return [.readWrite, .access, .update]
      }
    }
    return [.readOnly, .access]
  }
}

extension KeyFinder {
  struct Found {
    /// The argument, counted in the call that asks.
    let index: Int
    let access: Access
  }

  /// The keys of the command that begins at argument `start` of another one.
  static func keys(
    in call: inout Call, from start: Int, _ commands: CommandTable
  ) throws(CommandError) -> [Found] {
    let arguments = call.arguments(from: start)
    let subcommand = arguments.count > 1 ? arguments[1] : nil
    guard let record = commands.find(arguments[0], subcommand: subcommand) else {
      throw call.refuse("ERR Invalid command specified")
    }
    let command = record.value.command
    guard mayFindKeys(command) else { throw call.refuse("ERR The command has no key arguments") }
    guard command.arity.admits(arguments.count) else {
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
    var found: [Found] = []
    forEachKey(of: command, call.arguments(from: start)) { position, access in
      found.append(Found(index: start + position, access: access))
      return true
    }
    return found
  }
}
