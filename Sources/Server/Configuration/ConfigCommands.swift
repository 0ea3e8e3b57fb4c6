import Engine
import NIOCore
import RESP
import VersionedStore

/// CONFIG. Behaviour and reply texts follow Redis 7.0.
enum ConfigCommands {
  /// The family over one server's configuration. Commands may be sent anywhere, the configuration may not: it is bound to
  /// the serving loop, where commands run.
  static func all(_ configuration: NIOLoopBound<Configuration>) -> [Command] {
    [
      Command(
        "config", arity: .atLeast(2), group: .server, since: "2.0.0", complexity: "Depends on subcommand.",
        "Container for commands about the configuration.",
        subcommands: [get(configuration), set(configuration), rewrite(configuration), resetStatistics, help])
    ]
  }

  private static let flags: CommandFlags = [.admin, .noScript, .loading, .stale]

  private static func get(_ configuration: NIOLoopBound<Configuration>) -> Command {
    Command(
      "get", arity: .atLeast(3), flags: flags, group: .server, since: "2.0.0",
      complexity: "O(N) where N is the number of directives that are looked at",
      "Shows the directives whose names match any of the patterns.",
      .control { call, _ throws(CommandError) in
        let found = configuration.value.get((2..<call.count).map { call[$0] })
        call.reply.mapHeader(found.count)
        for (name, value) in found {
          call.reply.bulk(name)
          call.reply.bulk(value)
        }
      })
  }

  private static func set(_ configuration: NIOLoopBound<Configuration>) -> Command {
    Command(
      "set", arity: .atLeast(4), flags: flags, group: .server, since: "2.0.0",
      complexity: "O(N) where N is the number of directives",
      "Changes directives while the server runs: all of them, or none.",
      .control { call, engine throws(CommandError) in
        guard call.count % 2 == 0 else { throw .syntax }
        let pairs = stride(from: 2, to: call.count, by: 2).map { (name: call[$0], value: call[$0 + 1]) }
        if engine.persistence.isLoading, pairs.contains(where: { Directive.isFixedWhileLoading($0.name) }) {
          throw call.refuse(PersistenceState.loading)
        }
        let peer = call.session.peer
        do throws(ConfigurationError) {
          try configuration.value.set(pairs, isLocal: peer.isLoopback || peer.isUnixSocket)
        } catch {
          throw call.refuse(error.reply)
        }
        call.reply.ok()
      })
  }

  private static func rewrite(_ configuration: NIOLoopBound<Configuration>) -> Command {
    Command(
      "rewrite", arity: .exactly(2), flags: flags, group: .server, since: "2.8.0",
      "Writes the directives as they are into the configuration file.",
      .control { call, engine throws(CommandError) in
        do throws(ConfigurationError) { try configuration.value.rewrite() } catch {
          engine.log(.warning, "CONFIG REWRITE failed: \(error.reply)")
          throw call.refuse(error.reply)
        }
        engine.log(.warning, "CONFIG REWRITE executed with success.")
        call.reply.ok()
      })
  }

  private static let resetStatistics = Command(
    "resetstat", arity: .exactly(2), flags: flags, group: .server, since: "2.0.0",
    "Sets the counters of INFO back.",
    .control { call, engine throws(CommandError) in
      engine.resetStatistics()
      call.reply.ok()
    })

  private static let help = Command(
    "help", arity: .exactly(2), flags: [.loading, .stale], group: .server, since: "5.0.0", "Lists the subcommands.",
    .control { call, _ throws(CommandError) in
      call.help([
        "GET <pattern>",
        "    Show the directives whose names match <pattern>.",
        "SET <directive> <value>",
        "    Change <directive> while the server runs.",
        "RESETSTAT",
        "    Set the counters of INFO back.",
        "REWRITE",
        "    Write the directives as they are into the configuration file.",
      ])
    })
}
