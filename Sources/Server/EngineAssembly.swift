import Engine
import Journal
import NIOCore
import Replication
import Scripting
import Snapshots
import VersionedStore

extension Engine {
  /// An engine with an empty dataset, and the commands of all modules.
  static func assemble(
    _ configuration: Configuration, _ replication: ReplicationController, _ loads: SnapshotLoads,
    _ saves: SnapshotSaves, _ migrations: SnapshotMigrations, _ log: JournalReference, on eventLoop: any EventLoop
  ) throws(ConfigurationFile.Failure) -> Engine {
    let settings = configuration.engine
    let dataset = Dataset(databases: settings.databases, lineage: Lineage.next())
    let keyspace = Keyspace(settings: settings, history: History(live: dataset))
    let bound = NIOLoopBound(configuration, eventLoop: eventLoop)
    let scripting = ScriptingReference()
    let families =
      StandardCommands.families(versionSubcommands: [loads.command], help: SnapshotLoads.helpLines)
      + [
        saves.commands, [migrations.command, log.command], ConfigCommands.all(bound),
        ReplicationCommands(replication).all,
        scripting.commands,
      ]
    let engine = Engine(settings: settings, keyspace: keyspace, commands: try configuration.commandTable(families))
    replication.engine = engine
    scripting.attach(engine)
    engine.rewriteWholeConfiguration = {
      do throws(ConfigurationError) { try bound.value.rewrite(all: true) } catch { return error.reply }
      return nil
    }
    return engine
  }
}

extension Configuration {
  /// The commands, under the names that `rename-command` gives them.
  fileprivate func commandTable(_ families: [[Command]]) throws(ConfigurationFile.Failure) -> CommandTable {
    let renamed = server.renamedCommands
    do throws(CommandTable.RenameFailure) {
      return try CommandTable(families, renamings: renamed.map { CommandTable.Renaming($0.old, to: $0.new) })
    } catch {
      let (number, reason) =
        switch error {
        case .noSuchCommand(let number): (number, "No such command in rename-command")
        case .nameIsTaken(let number): (number, "Target command name already exists")
        }
      throw .line(renamed[number].line, renamed[number].text, reason)
    }
  }
}
