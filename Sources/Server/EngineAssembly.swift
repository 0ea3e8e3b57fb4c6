import Engine
import NIOCore
import VersionedStore

extension Engine {
  /// An engine with an empty dataset, and the commands of all modules.
  static func assemble(_ configuration: Configuration, on eventLoop: any EventLoop) -> Engine {
    let settings = configuration.engine
    let dataset = Dataset(databases: settings.databases, lineage: 1)
    let keyspace = Keyspace(settings: settings, history: History(live: dataset))
    let bound = NIOLoopBound(configuration, eventLoop: eventLoop)
    return Engine(
      settings: settings, keyspace: keyspace,
      commands: CommandTable(StandardCommands.families + [ConfigCommands.all(bound)]))
  }
}
