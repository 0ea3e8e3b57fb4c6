internal import Values
internal import VersionedStore

/// The commands as access rules see them: by id, by the names that rules use, and by category.
///
/// Worked out of the command table once. Ids index the bit sets of users.
struct AccessCommands {
  struct Entry {
    let id: Int
    let fullName: String
    let categories: CommandCategories
    let isSubcommand: Bool
    let subcommands: [Int]
    /// This server does not have it (see `AbsentCommand`).
    var isAbsent = false
  }

  /// One category: its commands, and what giving or taking it changes, which is more: a container brings all its
  /// subcommands along, whatever category they are of.
  struct Category {
    let name: String
    let members: CommandSet
    let reach: CommandSet
  }

  /// By id.
  private let entries: [Entry?]
  /// Ids of commands that are no subcommands, in the table's order.
  let topLevel: [Int]
  private let ids: [String: Int]
  let categories: [Category]
  /// The channels that a command names in its arguments, by id.
  private let channels: [ChannelArguments?]
  /// One more than the greatest id.
  let idLimit: Int

  init(_ table: CommandTable) {
    var entries: [Entry?] = []
    var ids: [String: Int] = [:]
    var channels: [ChannelArguments?] = []
    func add(_ entry: Entry) {
      while entries.count <= entry.id {
        entries.append(nil)
        channels.append(nil)
      }
      entries[entry.id] = entry
      channels[entry.id] = ChannelArguments.byCommand[entry.fullName]
      ids[entry.fullName] = entry.id
    }
    for record in table.allDeclared {
      add(Entry(record.value, isSubcommand: false))
      record.value.subcommands.forEach { add(Entry($0.value, isSubcommand: true)) }
    }
    var topLevel = table.allDeclared.map(\.value.id)
    for absent in AbsentCommand.all where ids[absent.name] == nil {
      let id = entries.count
      let subcommands = (0..<absent.subcommands.count).map { id + 1 + $0 }
      topLevel.append(id)
      add(
        Entry(
          id: id, fullName: absent.name, categories: absent.categories, isSubcommand: false, subcommands: subcommands,
          isAbsent: true))
      for (id, subcommand) in zip(subcommands, absent.subcommands) {
        add(
          Entry(
            id: id, fullName: "\(absent.name)|\(subcommand.name)", categories: subcommand.categories,
            isSubcommand: true, subcommands: [], isAbsent: true))
      }
    }
    let (all, limit) = (entries.compactMap { $0 }, max(entries.count, 1))
    categories = CommandCategories.names.map { category, name in
      var members = CommandSet(idLimit: limit)
      var reach = CommandSet(idLimit: limit)
      for entry in all where entry.categories.contains(category) {
        members.insert(entry.id)
        reach.insert(entry.id)
        entry.subcommands.forEach { reach.insert($0) }
      }
      return Category(name: String("\(name)".dropFirst()), members: members, reach: reach)
    }
    self.entries = entries
    self.channels = channels
    self.ids = ids
    self.topLevel = topLevel
    idLimit = limit
  }

  subscript(id: Int) -> Entry {
    guard let entry = entries[id] else { preconditionFailure("no command has this id") }
    return entry
  }

  /// The command that a rule names: `get`, or `config|set` for a subcommand. In any case.
  func find(_ name: some Sequence<UInt8>) -> Entry? {
    ids[String(decoding: name.map(\.lowercased), as: UTF8.self)].map { self[$0] }
  }

  /// The category of this name (without `@`), in any case. `all` is none.
  func category(_ name: some Sequence<UInt8>) -> Category? {
    let name = String(decoding: name.map(\.lowercased), as: UTF8.self)
    return categories.first { $0.name == name }
  }

  func channelArguments(of id: Int) -> ChannelArguments? { channels[id] }
}

/// Which arguments of a command are channels whose use has to be allowed. To leave a channel always is.
struct ChannelArguments {
  /// Patterns, which are no names to be matched: a user may subscribe to a pattern that a rule of his spells alike.
  var arePatterns = false
  /// All arguments, or the first alone.
  var isList = true

  static let byCommand: [String: ChannelArguments] = [
    "subscribe": ChannelArguments(), "ssubscribe": ChannelArguments(),
    "psubscribe": ChannelArguments(arePatterns: true),
    "publish": ChannelArguments(isList: false), "spublish": ChannelArguments(isList: false),
  ]

  func positions(_ count: Int) -> Range<Int> { 1..<max(isList ? count : min(count, 2), 1) }
}

extension AccessCommands.Entry {
  fileprivate init(_ record: CommandRecord, isSubcommand: Bool) {
    self.init(
      id: record.id, fullName: record.fullName, categories: record.command.allCategories, isSubcommand: isSubcommand,
      subcommands: record.subcommands.map(\.value.id))
  }
}
