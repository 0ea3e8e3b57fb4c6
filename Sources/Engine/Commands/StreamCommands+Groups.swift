internal import RESP
internal import Values
internal import VersionedStore

/// XGROUP and XACK.
extension StreamCommands {
  static let xgroup = Command(
    "xgroup", arity: .atLeast(2), group: .stream, since: "5.0.0", complexity: "Depends on subcommand.",
    "Has subcommands that make and remove consumer groups.",
    subcommands: [create, setID, destroy, createConsumer, removeConsumer, groupHelp])

  static let groupHelp = Command(
    "help", arity: .exactly(2), flags: [.loading, .stale], categories: [.stream], group: .stream, since: "5.0.0",
    "Lists the subcommands.",
    .control { call, _ in
      call.help([
        "CREATE <key> <groupname> <id|$> [option]", "    Create a new consumer group. Options are:", "    * MKSTREAM",
        "      Create the empty stream if it does not exist.", "    * ENTRIESREAD entries_read",
        "      Set the group's entries_read counter (internal use).",
        "CREATECONSUMER <key> <groupname> <consumer>", "    Create a new consumer in the specified group.",
        "DELCONSUMER <key> <groupname> <consumer>", "    Remove the specified consumer.",
        "DESTROY <key> <groupname>", "    Remove the specified group.",
        "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
        "    Set the current group ID and entries_read counter.",
      ])
    })

  private struct Options {
    var makesStream = false
    var entriesRead: UInt64?

    init(_ call: inout Call, creates: Bool) throws(CommandError) {
      var index = 5
      while index < call.count {
        if creates, call.matches(index, "mkstream") {
          makesStream = true
        } else if call.matches(index, "entriesread"), index + 1 < call.count {
          let number = try call.integer(index + 1)
          guard number >= -1 else { throw call.refuse("ERR value for ENTRIESREAD must be positive or -1") }
          entriesRead = number < 0 ? nil : UInt64(number)
          index += 1
        } else {
          throw syntax(&call, "XGROUP")
        }
        index += 1
      }
    }
  }

  static func syntax(_ call: inout Call, _ container: String) -> CommandError {
    call.refuse(
      "ERR unknown subcommand or wrong number of arguments for '", call[1].prefix(128), "'. Try \(container) HELP.")
  }

  private static func missingKey(_ call: inout Call) -> CommandError {
    call.refuse(
      "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically."
    )
  }

  private static func missingGroup(_ call: inout Call) -> CommandError {
    call.refuse("NOGROUP No such consumer group '", call[3], "' for key name '", call[2], "'")
  }

  private static func position(_ call: Call, _ stream: StreamReader?, isStrict: Bool) throws(CommandError) -> StreamID {
    if call[4] == Bytes("$") { return stream?.lastID ?? .least }
    return isStrict ? try call.streamID(4) : try call.openStreamID(4)
  }

  private static func subcommand(
    _ name: StaticString, arity: Arity, flags: CommandFlags = [.write], _ access: KeySpecification.Access,
    since: StaticString = "5.0.0", _ summary: StaticString,
    _ handler: @escaping @Sendable (inout Call, Edit) throws(CommandError) -> Void
  ) -> Command {
    Command(
      name, arity: arity, flags: flags, categories: [.stream], keys: [.one(access, at: 2)], group: .stream,
      since: since, summary, .write(handler))
  }

  static let create = subcommand(
    "create", arity: .atLeast(5), flags: [.write, .denyOOM], [.readWrite, .insert], "Creates a consumer group."
  ) { call, edit throws(CommandError) in
    let options = try Options(&call, creates: true)
    let reader = try edit.readStream(call.key(2))
    if reader == nil, !options.makesStream { throw missingKey(&call) }
    guard call.count <= 8 else { throw syntax(&call, "XGROUP") }
    let id = try position(call, reader, isStrict: true)
    let key = call.key(2)
    let stream = try edit.stream(key)
    if reader == nil {
      edit.created(key)
      edit.touched(key)
    }
    guard stream.createGroup(call[3], id, entriesRead: options.entriesRead) != nil else {
      throw call.refuse("BUSYGROUP Consumer Group name already exists")
    }
    edit.changedGroup(key, "xgroup-create")
    call.reply.ok()
  }

  static let setID = subcommand(
    "setid", arity: .atLeast(5), [.readWrite, .update], "Sets the last id that a group was given."
  ) { call, edit throws(CommandError) in
    let options = try Options(&call, creates: false)
    let group = try existing(&call, edit)
    guard call.count == 5 || call.count == 7 else { throw syntax(&call, "XGROUP") }
    let id = try position(call, try edit.readStream(call.key(2)), isStrict: false)
    group.setPosition(id, entriesRead: options.entriesRead)
    edit.changedGroup(call.key(2), "xgroup-setid")
    call.reply.ok()
  }

  /// The group that the arguments name.
  private static func existing(_ call: inout Call, _ edit: Edit) throws(CommandError) -> StreamGroupEditor {
    guard let reader = try edit.readStream(call.key(2)) else { throw missingKey(&call) }
    guard reader.group(call[3], call.key(3).hash) != nil, let group = try edit.stream(call.key(2)).group(call[3]) else {
      throw missingGroup(&call)
    }
    return group
  }

  static let destroy = subcommand(
    "destroy", arity: .exactly(4), [.readWrite, .delete], "Removes a consumer group."
  ) { call, edit throws(CommandError) in
    guard try edit.readStream(call.key(2)) != nil else { throw missingKey(&call) }
    let isRemoved = try edit.stream(call.key(2)).removeGroup(call[3])
    if isRemoved { edit.changedGroup(call.key(2), "xgroup-destroy") }
    call.reply.integer(isRemoved ? 1 : 0)
  }

  static let createConsumer = subcommand(
    "createconsumer", arity: .exactly(5), flags: [.write, .denyOOM], [.readWrite, .insert], since: "6.2.0",
    "Creates a consumer of a group."
  ) { call, edit throws(CommandError) in
    let isNew = try existing(&call, edit).createConsumer(call[4], seen: call.now)
    if isNew { edit.changedGroup(call.key(2), "xgroup-createconsumer") }
    call.reply.integer(isNew ? 1 : 0)
  }

  static let removeConsumer = subcommand(
    "delconsumer", arity: .exactly(5), [.readWrite, .delete], "Removes a consumer of a group."
  ) { call, edit throws(CommandError) in
    let pending = try existing(&call, edit).removeConsumer(call[4])
    if pending != nil { edit.changedGroup(call.key(2), "xgroup-delconsumer") }
    call.reply.integer(pending ?? 0)
  }

  static let xack = Command(
    "xack", arity: .atLeast(4), flags: [.write, .fast], categories: [.stream], keys: [.one([.readWrite, .update])],
    group: .stream, since: "5.0.0", complexity: "O(log(N)) for each id, with N pending.",
    "Takes entries off the list of what is pending for a group.",
    .write { call, edit throws(CommandError) in
      guard try edit.readStream(call.key(1), counted: true)?.group(call[2], call.key(2).hash) != nil else {
        return call.reply.integer(0)
      }
      let ids = try call.streamIDs(3..<call.count)
      guard let group = try edit.stream(call.key(1)).group(call[2]) else { return call.reply.integer(0) }
      var count = 0
      for id in ids where group.removePending(id) {
        count += 1
        edit.changed()
      }
      call.reply.integer(count)
    })
}
