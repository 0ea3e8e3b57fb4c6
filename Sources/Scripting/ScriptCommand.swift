internal import Engine
internal import RESP
internal import VersionedStore

/// SCRIPT. Behaviour and reply texts follow Redis 7.0; there is no debugger.
struct ScriptCommand {
  let scripting: ScriptingReference

  var command: Command {
    Command(
      "script", arity: .atLeast(2), group: .scripting, since: "2.6.0", complexity: "Depends on subcommand.",
      "Container for what concerns the scripts of EVAL.",
      subcommands: [load, exists, flush, kill, Self.debug, Self.help])
  }

  private var load: Command {
    Command(
      "load", arity: .exactly(3), flags: [.noScript, .stale], categories: [.scripting], group: .scripting,
      since: "2.6.0", complexity: "O(N) in the length of the script.", "Compiles a script for EVALSHA.",
      .control { [scripting] call, _ throws(CommandError) in
        let script = try scripting.value.script(call[2], &call)
        call.reply.bulk(Array(script.digits.utf8))
      })
  }

  private var exists: Command {
    Command(
      "exists", arity: .atLeast(3), flags: [.noScript], categories: [.scripting], group: .scripting, since: "2.6.0",
      complexity: "O(N) for N digests.", "Tells which scripts EVALSHA would find.",
      .control { [scripting] call, _ in
        call.reply.arrayHeader(call.count - 2)
        for index in 2..<call.count {
          let digest = ScriptDigest(digits: call[index])
          call.reply.integer(digest.map { scripting.value.scripts[$0] != nil ? 1 : 0 } ?? 0)
        }
      })
  }

  private var flush: Command {
    Command(
      "flush", arity: .atLeast(2), flags: [.noScript], categories: [.scripting], group: .scripting, since: "2.6.0",
      complexity: "O(N) for N scripts.", "Forgets all scripts.",
      .control { [scripting] call, _ throws(CommandError) in
        guard call.count == 2 || call.count == 3 && (call.matches(2, "sync") || call.matches(2, "async")) else {
          throw call.refuse("ERR SCRIPT FLUSH only support SYNC|ASYNC option")
        }
        scripting.value.flushScripts()
        call.reply.ok()
      })
  }

  private var kill: Command {
    Command(
      "kill", arity: .exactly(2), flags: [.noScript, .allowBusy], categories: [.scripting], group: .scripting,
      since: "2.6.0", "Ends the script that is running, if it has written nothing.",
      .control { call, engine throws(CommandError) in
        if let refusal = engine.killScript(.script) { throw call.refuse(refusal) }
        call.reply.ok()
      })
  }

  private static let debug = Command(
    "debug", arity: .exactly(3), flags: .noScript, categories: [.scripting], group: .scripting, since: "3.2.0",
    "Would begin to debug scripts, if there were a debugger.",
    .control { call, _ throws(CommandError) in
      if call.matches(2, "yes") || call.matches(2, "sync") {
        throw call.refuse("ERR SCRIPT DEBUG is not supported: this server has no debugger of scripts")
      }
      guard call.matches(2, "no") else { throw call.refuse("ERR Use SCRIPT DEBUG YES/SYNC/NO") }
      call.reply.ok()
    })

  private static let help = Command(
    "help", arity: .exactly(2), flags: [.loading, .stale], categories: [.scripting], group: .scripting,
    since: "5.0.0", "Prints what the subcommands do.",
    .control { call, _ in
      call.help([
        "EXISTS <sha1> [<sha1> ...]",
        "    Tell which of these scripts are in the cache.",
        "FLUSH [ASYNC|SYNC]",
        "    Forget all scripts in the cache. Both words are taken, and do the same.",
        "KILL",
        "    End the script that is running, unless it has written.",
        "LOAD <script>",
        "    Put a script into the cache without running it.",
      ])
    })
}
