internal import Values
internal import VersionedStore

/// Picks the keys out of a command's arguments by its key specifications, for COMMAND GETKEYS.
enum KeyFinder {
  struct Found {
    /// The argument, counted in the call that asks.
    let index: Int
    let access: KeySpecification.Access
  }

  /// The keys of the command that begins at argument `start`.
  static func keys(
    in call: inout Call, from start: Int, _ commands: CommandTable
  ) throws(CommandError) -> [Found] {
    let count = call.count - start
    let subcommand = count > 1 ? call[start + 1] : nil
    guard let record = commands.find(call[start], subcommand: subcommand) else {
      throw call.refuse("ERR Invalid command specified")
    }
    let command = record.value.command
    let specifications = command.keys.filter { !$0.access.contains(.notKey) }
    guard !specifications.isEmpty else { throw call.refuse("ERR The command has no key arguments") }
    guard command.arity.admits(count) else {
      throw call.refuse("ERR Invalid number of arguments specified for command")
    }
    var found: [Found] = []
    for specification in specifications {
      guard let positions = positions(specification, call, start, count) else {
        throw call.refuse("ERR Invalid arguments specified for command")
      }
      let access = specification.access.contains(.variableFlags) ? variableAccess(call) : specification.access
      found += positions.map { Found(index: start + $0, access: access) }
    }
    guard !found.isEmpty || command.flags.contains(.noMandatoryKeys) else {
      throw call.refuse("ERR Invalid arguments specified for command")
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
      guard begin + at < count, let keys = Int64(text: call[start + begin + at]), keys >= 0, keys <= Int64(count) else {
        return nil
      }
      first = begin + firstKey
      step = keyStep
      last = first + Int(keys) - 1
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

  /// What SET does with its key depends on its options: only with GET does it read what was there.
  private static func variableAccess(_ call: Call) -> KeySpecification.Access {
    guard call.matches(2, "set") else { return [.readWrite, .access, .update] }
    let reads = (5..<max(call.count, 5)).contains { call.matches($0, "get") }
    return reads ? [.readWrite, .access, .update] : [.overwrite, .update]
  }
}
