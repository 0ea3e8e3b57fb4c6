/// What a stream tells, by what stands together, each command with the database that it is for.
struct ToldUnits {
  struct Item: CustomStringConvertible {
    let database: [UInt8]
    let command: ToldCommand

    var description: String { "\(String(decoding: database, as: UTF8.self)): \(command)" }
  }

  private(set) var units: [[Item]] = []

  /// - Parameter database: the one that the stream was in before, and is in behind these commands.
  init(_ commands: [ToldCommand], in database: inout [UInt8]) {
    var isTogether = false
    for command in commands {
      switch command.name {
      case "SELECT": database = command.words[1]
      case "MULTI":
        isTogether = true
        units.append([])
      case "EXEC": isTogether = false
      default:
        if !isTogether { units.append([]) }
        units[units.count - 1].append(Item(database: database, command: command))
      }
    }
  }

  /// Leaves out what Redis 7.0 does not tell, and which is not among what it has told: where a group has come to, what a look
  /// at what is pending changes, and a consumer that was given nothing.
  mutating func leaveOut(unknownTo others: ToldUnits, _ isSame: (ToldCommand, ToldCommand) -> Bool) {
    var rest = others.units.joined().makeIterator()
    var next = rest.next()
    for index in units.indices {
      units[index].removeAll { item in
        if let other = next, isSame(other.command, item.command) {
          next = rest.next()
          return false
        }
        return item.command.isOfGroups
      }
    }
    units.removeAll { $0.isEmpty }
  }

  func isSame(as others: ToldUnits, _ isSame: (ToldCommand, ToldCommand) -> Bool) -> Bool {
    units.count == others.units.count
      && zip(units, others.units).allSatisfy { ours, theirs in
        ours.count == theirs.count
          && zip(ours, theirs).allSatisfy { $0.database == $1.database && isSame($1.command, $0.command) }
      }
  }
}

extension ToldCommand {
  /// Whether it is of the kind that tells of consumer groups what Redis 7.0 keeps to itself.
  var isOfGroups: Bool {
    switch name {
    case "XCLAIM": true
    case "XGROUP": ["SETID", "CREATECONSUMER"].contains(String(decoding: words[1], as: UTF8.self))
    default: false
    }
  }
}
