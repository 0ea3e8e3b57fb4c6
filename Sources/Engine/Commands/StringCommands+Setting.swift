internal import RESP
internal import Values
internal import VersionedStore

/// Commands that store whole strings.
extension StringCommands {
  static let setting = [set, setnx, setex, psetex, mset, msetnx]

  static let set = Command(
    "set", arity: .atLeast(3), flags: [.write, .denyOOM], categories: [.string],
    keys: [
      KeySpecification(
        .index(1), .range(last: 0, step: 1, limit: 0), [.readWrite, .access, .update, .variableFlags],
        notes: "RW and ACCESS due to the optional `GET` argument")
    ], group: .string, since: "1.0.0",
    "Stores a string at a key, whatever was there; on a condition or with a time to live, if asked for.",
    .write { call, edit throws(CommandError) in
      guard call.count == 3 else { return try set(&call, edit) }
      let key = call.key(1)
      edit.putString(key, call[2], expiry: nil)
      edit.changed(key, .string("set"))
      call.reply.ok()
    })

  private static func set(_ call: inout Call, _ edit: Edit) throws(CommandError) {
    let options = try SetOptions(call)
    let expiry = try options.expiry?.milliseconds(&call)
    let key = call.key(1)
    if options.answersFormer { try call.answer(edit.read(key)) }
    let former = edit.find(key)
    guard options.condition == .always || options.condition == (former == nil ? .ifMissing : .ifPresent) else {
      if !options.answersFormer { call.reply.null() }
      return
    }
    edit.putString(key, call[2], expiry: options.keepsExpiry ? former?.expiry : expiry)
    edit.changed(key, .string("set"))
    if expiry != nil { edit.notify(key, .generic("expire")) }
    if edit.tellsEffects { tell(call, edit, options, expiry) }
    if !options.answersFormer { call.reply.ok() }
  }

  /// A time to live is told as the time when it ends, and GET, which changes nothing, is left out.
  private static func tell(_ call: borrowing Call, _ edit: Edit, _ options: SetOptions, _ expiry: Int64?) {
    if let expiry {
      tell(call, edit, value: 2, until: expiry)
    } else if options.answersFormer {
      let arguments = call.arguments(from: 0)
      let kept = (3..<arguments.count).filter { !arguments.matches($0, "get") }
      edit.tellInstead(count: 3 + kept.count) { writer in
        writer.arguments(arguments, 0..<3)
        for index in kept { writer.bulk(arguments[index]) }
      }
    }
  }

  private static func tell(_ call: borrowing Call, _ edit: Edit, value: Int, until expiry: Int64) {
    let arguments = call.arguments(from: 0)
    edit.tellInstead(count: 5) { writer in
      writer.bulk("SET")
      writer.bulk(arguments[1])
      writer.bulk(arguments[value])
      writer.bulk("PXAT")
      writer.bulk(Int(expiry))
    }
  }

  static let setnx = Command(
    "setnx", arity: .exactly(3), flags: [.write, .denyOOM, .fast], categories: [.string],
    keys: [.one([.overwrite, .insert])], group: .string, since: "1.0.0",
    "Stores a string at a key that holds nothing yet.",
    .write { call, edit in
      let key = call.key(1)
      guard edit.find(key) == nil else { return call.reply.integer(0) }
      edit.putString(key, call[2], expiry: nil)
      edit.changed(key, .string("set"))
      call.reply.integer(1)
    })

  static let setex = Command(
    "setex", arity: .exactly(4), flags: [.write, .denyOOM], categories: [.string],
    keys: [.one([.overwrite, .update])], group: .string, since: "2.0.0",
    "Stores a string at a key with a time to live in seconds.",
    .write { call, edit throws(CommandError) in try set(&call, edit, ExpiryOption(.ex, argument: 2)) })

  static let psetex = Command(
    "psetex", arity: .exactly(4), flags: [.write, .denyOOM], categories: [.string],
    keys: [.one([.overwrite, .update])], group: .string, since: "2.6.0",
    "Stores a string at a key with a time to live in milliseconds.",
    .write { call, edit throws(CommandError) in try set(&call, edit, ExpiryOption(.px, argument: 2)) })

  private static func set(_ call: inout Call, _ edit: Edit, _ option: ExpiryOption) throws(CommandError) {
    let expiry = try option.milliseconds(&call)
    let key = call.key(1)
    edit.putString(key, call[3], expiry: expiry)
    edit.changed(key, .string("set"))
    edit.notify(key, .generic("expire"))
    if edit.tellsEffects { tell(call, edit, value: 3, until: expiry) }
    call.reply.ok()
  }

  static let mset = Command(
    "mset", arity: .atLeast(3), flags: [.write, .denyOOM], categories: [.string],
    keys: [.all([.overwrite, .update], step: 2)], group: .string, since: "1.0.1", complexity: "O(N) for N keys.",
    "Stores strings at several keys at once.",
    .write { call, edit throws(CommandError) in
      try checkPairs(&call)
      setPairs(call, edit)
      call.reply.ok()
    })

  static let msetnx = Command(
    "msetnx", arity: .atLeast(3), flags: [.write, .denyOOM], categories: [.string],
    keys: [.all([.overwrite, .insert], step: 2)], group: .string, since: "1.0.1", complexity: "O(N) for N keys.",
    "Stores strings at several keys at once, if none of them holds anything yet.",
    .write { call, edit throws(CommandError) in
      try checkPairs(&call)
      for index in stride(from: 1, to: call.count, by: 2) where edit.find(call.key(index)) != nil {
        return call.reply.integer(0)
      }
      setPairs(call, edit)
      call.reply.integer(1)
    })

  /// Arguments behind the name must come in pairs.
  private static func checkPairs(_ call: inout Call) throws(CommandError) {
    guard call.count % 2 == 0 else { return }
    throw call.refuse("ERR wrong number of arguments for '\(call.command.value.fullName)' command")
  }

  private static func setPairs(_ call: borrowing Call, _ edit: Edit) {
    for index in stride(from: 1, to: call.count, by: 2) {
      let key = call.key(index)
      edit.putString(key, call[index + 1], expiry: nil)
      edit.changed(key, .string("set"))
    }
  }
}
