internal import Engine
internal import RESP
internal import Snapshots
internal import Values
internal import VersionedStore

/// FUNCTION. Behaviour and reply texts follow Redis 7.0.
struct FunctionCommand {
  let scripting: ScriptingReference

  var command: Command {
    Command(
      "function", arity: .atLeast(2), group: .scripting, since: "7.0.0", complexity: "Depends on subcommand.",
      "Container for what concerns libraries of functions.",
      subcommands: [load, delete, flush, list, stats, dump, restore, kill, Self.help])
  }

  private func subcommand(
    _ name: StaticString, _ arity: Arity, _ flags: CommandFlags, complexity: StaticString, _ summary: StaticString,
    _ run: @escaping @Sendable (inout Call, Scripting) throws(CommandError) -> Void
  ) -> Command {
    Command(
      name, arity: arity, flags: flags.union(.noScript), categories: [.scripting], group: .scripting, since: "7.0.0",
      complexity: complexity, summary,
      .control { [scripting] call, engine throws(CommandError) in
        try run(&call, scripting.value)
        if flags.contains(.write) { engine.effects.tellCommand() }
      })
  }

  private var load: Command {
    subcommand(
      "load", .atLeast(3), [.write, .denyOOM], complexity: "O(1), beside what the code of the library does.",
      "Adds a library of functions."
    ) { call, scripting throws(CommandError) in
      var replaces = false
      for index in 2..<call.count - 1 {
        guard call.matches(index, "replace") else {
          throw call.refuse("ERR Unknown option given: ", quoting: call[index].prefixToZero)
        }
        replaces = true
      }
      let source = Array(call[call.count - 1])
      do throws(FunctionLibrary.Failure) {
        try scripting.add([source], replaces ? .replace : .append, isTimed: !call.session.isPrimary, isSingle: true)
      } catch {
        throw call.refuse("ERR ", error.text)
      }
      let heading = try? source.withBytes { bytes throws(FunctionLibrary.Failure) in try LibraryHeading(of: bytes) }
      call.reply.bulk(heading?.name ?? [])
    }
  }

  private var delete: Command {
    subcommand("delete", .exactly(3), .write, complexity: "O(1)", "Deletes a library of functions.") {
      call, scripting throws(CommandError) in
      guard scripting.deleteLibrary(call[2]) else { throw call.refuse("ERR Library not found") }
      call.reply.ok()
    }
  }

  private var flush: Command {
    subcommand("flush", .atLeast(2), .write, complexity: "O(N) for N functions.", "Deletes all libraries.") {
      call, scripting throws(CommandError) in
      guard call.count <= 3 else { throw call.refuseSubcommand() }
      guard call.count == 2 || call.matches(2, "sync") || call.matches(2, "async") else {
        throw call.refuse("ERR FUNCTION FLUSH only supports SYNC|ASYNC option")
      }
      scripting.flushLibraries()
      call.reply.ok()
    }
  }

  private var list: Command {
    subcommand("list", .atLeast(2), [], complexity: "O(N) for N functions.", "Tells what libraries there are.") {
      call, scripting throws(CommandError) in
      var hasCode = false
      var pattern: Bytes?
      var index = 2
      while index < call.count {
        if !hasCode, call.matches(index, "withcode") {
          hasCode = true
        } else if pattern == nil, call.matches(index, "libraryname") {
          guard index + 1 < call.count else { throw call.refuse("ERR library name argument was not given") }
          index += 1
          pattern = call[index]
        } else {
          throw call.refuse("ERR Unknown argument ", quoting: call[index].prefixToZero)
        }
        index += 1
      }
      scripting.updateLibraries()
      let libraries = scripting.functions.libraries.filter { library in
        pattern.map { pattern in
          library.name.withBytes { Glob.matches(pattern, $0, ignoringCase: true) }
        } ?? true
      }
      call.reply.arrayHeader(libraries.count)
      for library in libraries { call.reply.description(of: library, hasCode: hasCode) }
    }
  }

  private var stats: Command {
    subcommand(
      "stats", .exactly(2), .allowBusy, complexity: "O(1)", "Tells what function runs, and how many there are."
    ) {
      call, scripting throws(CommandError) in
      let engine = scripting.engine
      if let running = engine.script, running.kind == .script { throw call.refuse(Engine.busyText(.script)) }
      scripting.updateLibraries()
      call.reply.mapHeader(2)
      call.reply.bulk("running_script")
      if let running = engine.script {
        call.reply.mapHeader(3)
        call.reply.bulk("name")
        call.reply.bulk(Array(running.name.utf8))
        call.reply.bulk("command")
        let words = running.commandWords
        call.reply.arrayHeader(words.count)
        for word in words { call.reply.bulk(word) }
        call.reply.bulk("duration_ms")
        call.reply.integer(Int((engine.monotonicNow - running.began) / 1_000_000))
      } else {
        call.reply.null()
      }
      call.reply.bulk("engines")
      call.reply.mapHeader(1)
      call.reply.bulk("LUA")
      call.reply.mapHeader(2)
      call.reply.bulk("libraries_count")
      call.reply.integer(scripting.functions.libraries.count)
      call.reply.bulk("functions_count")
      call.reply.integer(scripting.functions.functionCount)
    }
  }

  private var dump: Command {
    subcommand("dump", .exactly(2), [], complexity: "O(N) for N functions.", "Answers with all libraries, for RESTORE.")
    {
      call, scripting in
      call.reply.bulk(FunctionPayload.encode(scripting.engine.keyspace.live.attachments))
    }
  }

  private var restore: Command {
    subcommand(
      "restore", .atLeast(3), [.write, .denyOOM], complexity: "O(N) for N functions.", "Adds the libraries of a DUMP."
    ) { call, scripting throws(CommandError) in
      guard call.count <= 4 else { throw call.refuseSubcommand() }
      var restoring = Scripting.Restoring.append
      if call.count == 4 {
        if call.matches(3, "replace") {
          restoring = .replace
        } else if call.matches(3, "flush") {
          restoring = .flush
        } else if !call.matches(3, "append") {
          throw call.refuse("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.")
        }
      }
      let sources: [[UInt8]]
      do throws(FunctionPayload.Failure) {
        sources = try FunctionPayload.decode(call[2], scripting.engine.settings)
      } catch {
        switch error {
        case .unsound: throw call.refuse("ERR DUMP payload version or checksum are wrong")
        case .notLibraries: throw call.refuse("ERR given type is not a function")
        case .damaged: throw call.refuse("ERR Failed loading library payload")
        }
      }
      do throws(FunctionLibrary.Failure) {
        try scripting.add(sources, restoring, isTimed: !call.session.isPrimary, isSingle: false)
      } catch {
        throw call.refuse("ERR ", error.text)
      }
      call.reply.ok()
    }
  }

  private var kill: Command {
    subcommand(
      "kill", .exactly(2), .allowBusy, complexity: "O(1)",
      "Ends the function that is running, if it has written nothing."
    ) { call, scripting throws(CommandError) in
      if let refusal = scripting.engine.killScript(.function) { throw call.refuse(refusal) }
      call.reply.ok()
    }
  }

  private static let help = Command(
    "help", arity: .exactly(2), flags: [.loading, .stale], categories: [.scripting], group: .scripting,
    since: "7.0.0", "Prints what the subcommands do.",
    .control { call, _ in
      call.help([
        "DELETE <LIBRARY NAME>",
        "    Delete a library and its functions.",
        "DUMP",
        "    Answer with all libraries in a form that RESTORE takes.",
        "FLUSH [ASYNC|SYNC]",
        "    Delete all libraries. Both words are taken, and do the same.",
        "KILL",
        "    End the function that is running, unless it has written.",
        "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
        "    Tell the libraries, with their functions and, if asked, their code.",
        "LOAD [REPLACE] <FUNCTION CODE>",
        "    Add a library, whose first line names it: #!lua name=<LIBRARY NAME>.",
        "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
        "    Add what DUMP has answered: instead of all libraries, unless one of them is there (the default), or instead of",
        "    those with the same names.",
        "STATS",
        "    Tell the function that is running, and how many libraries and functions there are.",
      ])
    })
}

extension ReplyWriter {
  fileprivate mutating func description(of library: FunctionLibrary, hasCode: Bool) {
    mapHeader(hasCode ? 4 : 3)
    bulk("library_name")
    bulk(library.name)
    bulk("engine")
    bulk("LUA")
    bulk("functions")
    arrayHeader(library.functions.count)
    for function in library.functions {
      mapHeader(3)
      bulk("name")
      bulk(function.name)
      bulk("description")
      if let description = function.description { bulk(description) } else { null() }
      bulk("flags")
      let names = function.flags.names
      setHeader(names.count)
      for name in names { simpleString(name) }
    }
    if hasCode {
      bulk("library_code")
      bulk(library.source)
    }
  }
}

extension Bytes {
  /// What C would print of it.
  fileprivate var prefixToZero: Bytes { self[0..<(firstIndex(of: 0) ?? count)] }
}

extension Call {
  /// Refuses a number of arguments that only the subcommand knows to be wrong.
  fileprivate mutating func refuseSubcommand() -> CommandError {
    refuse(
      "ERR unknown subcommand or wrong number of arguments for '", quoting: self[1].prefixToZero,
      "'. Try FUNCTION HELP.")
  }
}
