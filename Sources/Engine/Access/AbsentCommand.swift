/// Commands of Redis 7.0 that a server may lack: of modules, of logs of commands and the like.
///
/// Rules may name them all the same, and they are written down again: `-module` stands in many a file of users, and a
/// server that refused such a file would leave its operator without any users.
struct AbsentCommand: Sendable {
  let name: String
  let categories: CommandCategories
  var subcommands: [AbsentCommand] = []

  private init(_ name: String, _ categories: CommandCategories, _ subcommands: [AbsentCommand] = []) {
    self.name = name
    self.categories = categories
    self.subcommands = subcommands
  }

  private static let administration: CommandCategories = [.admin, .slow, .dangerous]

  /// Subcommands that anybody may use, and those that are for administrators.
  private static func subcommands(_ open: [String], _ guarded: [String]) -> [AbsentCommand] {
    open.map { AbsentCommand($0, .slow) } + guarded.map { AbsentCommand($0, administration) }
  }

  static let all = [
    AbsentCommand("module", .slow, subcommands(["help"], ["list", "load", "loadex", "unload"])),
    AbsentCommand("restore-asking", [.keyspace, .write, .slow, .dangerous]),
  ]
}
