internal import Values
public import VersionedStore

/// A command as the engine runs it: the declaration, and what is worked out of it once.
public struct CommandRecord {
  public let command: Command
  /// As in INFO commandstats and ACL rules: `get`, `client|list`.
  public let fullName: String
  /// The position of the first key, for the lookups that go ahead; -1 if there is none at a fixed place.
  let firstKey: Int
  /// The position of the first member of the value at that key, likewise.
  let member: Int
  let subcommands: [Fixed<CommandRecord>]
  public let id: Int
  public var statistics = CommandStatistics()
  /// How long its calls took; nil before the first.
  var latencies: LatencyHistogram?
  /// What the hot path asks, in one word.
  let flags: CommandFlags
  let arity: Arity
  let hasSubcommands: Bool

  /// The subcommand of this name; nil if there is none.
  func subcommand(_ name: Bytes) -> Fixed<CommandRecord>? {
    subcommands.first { name.equalsIgnoringCase($0.value.command.name) }
  }
}

public struct CommandStatistics {
  public var calls = 0
  /// Its share of the time of the batches that it was in.
  public var nanoseconds = 0.0
  public var rejected = 0
  public var failed = 0
}

/// All commands by name. Names are compared without regard to case. The records live as long as the table.
public final class CommandTable {
  /// Those that clients can reach, in the order in which they were declared.
  public let all: [Fixed<CommandRecord>]
  /// And those that `rename-command` has taken away: rules about commands go by what was declared.
  let allDeclared: [Fixed<CommandRecord>]
  private let records: FixedArray<Fixed<CommandRecord>>
  /// Open addressing; a power of two, at most half full.
  private let slots: BytesIndex
  /// By their new names in lower case, those that `rename-command` has given one.
  private let renamed: [[UInt8]: Fixed<CommandRecord>]
  /// By the names that they were declared with, which rules about commands go by, whatever clients call them.
  private let declared: [[UInt8]: Fixed<CommandRecord>]

  /// Why commands cannot be renamed as they were meant to be, by the number of the renaming that cannot be done.
  public enum RenameFailure: Error, Equatable {
    case noSuchCommand(Int)
    case nameIsTaken(Int)
  }

  /// A command's new name; empty takes the command away.
  public struct Renaming: Sendable {
    public let old: [UInt8]
    public let new: [UInt8]

    public init(_ old: [UInt8], to new: [UInt8]) {
      self.old = old
      self.new = new
    }
  }

  public convenience init(_ families: [[Command]]) {
    let records = Self.records(families)
    self.init(records, Self.index(records))
  }

  /// With the renamings done in turn: a name that one has set free may be taken by a later one.
  public convenience init(_ families: [[Command]], renamings: [Renaming]) throws(RenameFailure) {
    let records = Self.records(families)
    var names = Self.index(records)
    for (number, renaming) in renamings.enumerated() {
      guard let record = names.removeValue(forKey: renaming.old.map(\.lowercased)) else {
        throw .noSuchCommand(number)
      }
      if renaming.new.isEmpty { continue }
      let name = renaming.new.map(\.lowercased)
      guard names[name] == nil else { throw .nameIsTaken(number) }
      names[name] = record
    }
    self.init(records, names)
  }

  private init(_ records: [Fixed<CommandRecord>], _ names: [[UInt8]: Fixed<CommandRecord>]) {
    let reachable = Set(names.values.map { $0.value.id })
    allDeclared = records
    all = records.filter { reachable.contains($0.value.id) }
    let unchanged = records.filter { names[$0.value.name]?.value.id == $0.value.id }
    self.records = FixedArray(unchanged)
    slots = BytesIndex(unchanged.map { $0.value.command.name })
    renamed = names.filter { $0.key != $0.value.value.name }
    declared = Self.index(records)
    precondition(declared.count == records.count, "a command is declared twice")
  }

  deinit {
    for record in allDeclared { record.deallocateWithSubcommands() }
    records.deallocate()
    slots.deallocate()
  }

  private static func index(_ records: [Fixed<CommandRecord>]) -> [[UInt8]: Fixed<CommandRecord>] {
    Dictionary(records.map { ($0.value.name, $0) }) { first, _ in first }
  }

  private static func records(_ families: [[Command]]) -> [Fixed<CommandRecord>] {
    var id = 0
    func record(_ command: Command, container: String?) -> Fixed<CommandRecord> {
      id += 1
      let fullName = container.map { "\($0)|\(command.name)" } ?? "\(command.name)"
      var firstKey = -1
      if case .index(let index)? = command.keys.first?.begin, case .range? = command.keys.first?.find {
        firstKey = index
      }
      let own = id
      return Fixed(
        CommandRecord(
          command: command, fullName: fullName, firstKey: firstKey, member: command.member,
          subcommands: command.subcommands.map { record($0, container: fullName) }, id: own,
          flags: command.isBrief ? command.flags.union(.brief) : command.flags, arity: command.arity,
          hasSubcommands: !command.subcommands.isEmpty))
    }
    return families.joined().map { record($0, container: nil) }
  }

  @inline(__always)
  public func find(_ name: Bytes) -> Fixed<CommandRecord>? {
    let index = slots.find(name)
    return index < 0 ? findRenamed(name) : records[index]
  }

  @inline(never)
  private func findRenamed(_ name: Bytes) -> Fixed<CommandRecord>? {
    renamed.isEmpty ? nil : renamed[name.map(\.lowercased)]
  }

  /// The command or subcommand that the arguments name; nil if there is none.
  public func find(_ name: Bytes, subcommand: Bytes?) -> Fixed<CommandRecord>? {
    guard let record = find(name) else { return nil }
    guard !record.value.subcommands.isEmpty, let subcommand else { return record }
    return record.value.subcommand(subcommand)
  }

  /// The command that was declared with this name, whatever clients call it.
  public func findDeclared(_ name: Bytes) -> Fixed<CommandRecord>? { declared[name.map(\.lowercased)] }

  /// Commands by all names that a stream of effects may have for them, in lower case: what a server tells of by itself goes
  /// by declared names, and what it tells as it was sent by those that clients use.
  public var namesInStreams: [(name: [UInt8], command: Command)] {
    (Array(declared) + Array(renamed)).map { ($0.key, $0.value.value.command) }
  }
}

extension CommandRecord {
  /// As declared.
  fileprivate var name: [UInt8] { Array(Bytes(command.name)) }
}

extension Fixed<CommandRecord> {
  fileprivate func deallocateWithSubcommands() {
    for subcommand in value.subcommands { subcommand.deallocateWithSubcommands() }
    value.latencies?.deallocate()
    deallocate()
  }
}

/// Finds a name's number among fixed names.
struct BytesIndex {
  private let names: FixedArray<StaticString>
  private let slots: FixedArray<Int16>
  private let mask: UInt64

  init(_ names: [StaticString]) {
    var capacity = 64
    while capacity < names.count * 4 { capacity *= 2 }
    var slots = [Int16](repeating: -1, count: capacity)
    for (number, name) in names.enumerated() {
      var at = Int(Bytes(name).caseInsensitiveHash & UInt64(capacity - 1))
      while slots[at] >= 0 { at = (at + 1) & (capacity - 1) }
      slots[at] = Int16(number)
    }
    self.names = FixedArray(names)
    self.slots = FixedArray(slots)
    mask = UInt64(capacity - 1)
  }

  func deallocate() {
    names.deallocate()
    slots.deallocate()
  }

  /// The number of `name`, or -1.
  @inline(__always)
  func find(_ name: Bytes) -> Int {
    var at = Int(name.caseInsensitiveHash & mask)
    while slots[at] >= 0 {
      let number = Int(slots[at])
      if name.equalsIgnoringCase(names[number]) { return number }
      at = (at &+ 1) & Int(mask)
    }
    return -1
  }
}
