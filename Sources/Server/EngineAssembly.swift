import Engine
import NIOCore
import Replication
import Snapshots
import VersionedStore

extension Engine {
  /// An engine with an empty dataset, and the commands of all modules.
  static func assemble(
    _ configuration: Configuration, _ replication: ReplicationController, _ loads: SnapshotLoads,
    _ saves: SnapshotSaves, on eventLoop: any EventLoop
  ) -> Engine {
    let settings = configuration.engine
    let dataset = Dataset(databases: settings.databases, lineage: Lineage.next())
    let keyspace = Keyspace(settings: settings, history: History(live: dataset))
    let bound = NIOLoopBound(configuration, eventLoop: eventLoop)
    let families =
      StandardCommands.families(versionSubcommands: [loads.command], help: SnapshotLoads.helpLines)
      + [saves.commands, ConfigCommands.all(bound), ReplicationCommands(replication).all]
    let engine = Engine(settings: settings, keyspace: keyspace, commands: CommandTable(families))
    replication.engine = engine
    engine.rewriteWholeConfiguration = {
      do throws(ConfigurationError) { try bound.value.rewrite(all: true) } catch { return error.reply }
      return nil
    }
    return engine
  }
}
