import Engine
import VersionedStore

extension Engine {
  /// An engine with an empty dataset, and the commands of all modules.
  static func assemble(_ settings: Settings) -> Engine {
    let dataset = Dataset(databases: settings.databases, lineage: 1)
    let keyspace = Keyspace(settings: settings, history: History(live: dataset))
    return Engine(settings: settings, keyspace: keyspace, commands: CommandTable(StandardCommands.families))
  }
}
