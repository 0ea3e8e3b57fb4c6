internal import RESP
internal import Values
internal import VersionedStore

/// Commands that give a value another key or another database, or another one like it.
extension GenericCommands {
  static let moving = [rename, renamenx, move, copy]

  static let rename = Command(
    "rename", arity: .exactly(3), flags: [.write], categories: [.keyspace],
    keys: [.one([.readWrite, .access, .delete]), .one([.overwrite, .update], at: 2)], group: .generic, since: "1.0.0",
    "Gives a value another key, whatever was there.",
    .write { call, edit throws(CommandError) in
      let key = call.key(1)
      let newKey = call.key(2)
      guard edit.find(key) != nil else { throw .noSuchKey }
      if key.bytes != newKey.bytes {
        _ = edit.find(newKey, quietly: true)
        rename(key, newKey, edit)
      }
      call.reply.ok()
    })

  static let renamenx = Command(
    "renamenx", arity: .exactly(3), flags: [.write, .fast], categories: [.keyspace],
    keys: [.one([.readWrite, .access, .delete]), .one([.overwrite, .insert], at: 2)], group: .generic, since: "1.0.0",
    "Gives a value another key that holds nothing yet.",
    .write { call, edit throws(CommandError) in
      let key = call.key(1)
      let newKey = call.key(2)
      guard edit.find(key) != nil else { throw .noSuchKey }
      guard edit.find(newKey) == nil else { return call.reply.integer(0) }
      rename(key, newKey, edit)
      call.reply.integer(1)
    })

  private static func rename(_ key: Key, _ newKey: Key, _ edit: Edit) {
    edit.move(key, to: edit.database, newKey)
    edit.created(newKey)
    edit.changed(key, .generic("rename_from"))
    edit.changed(newKey, .generic("rename_to"), count: 0)
  }

  static let move = Command(
    "move", arity: .exactly(3), flags: [.write, .fast], categories: [.keyspace],
    keys: [.one([.readWrite, .access, .update])], group: .generic, since: "1.0.0",
    "Moves a key to another database that does not have it.",
    .write { call, edit throws(CommandError) in
      let target = edit.selecting(try call.database(2))
      guard target.database != edit.database else { throw .sameObject }
      let key = call.key(1)
      guard edit.find(key) != nil, target.find(key) == nil else { return call.reply.integer(0) }
      edit.move(key, to: target.database, key)
      target.created(key)
      edit.changed(key, .generic("move_from"))
      target.changed(key, .generic("move_to"), count: 0)
      call.reply.integer(1)
    })

  static let copy = Command(
    "copy", arity: .atLeast(3), flags: [.write, .denyOOM], categories: [.keyspace],
    keys: [.one([.readOnly, .access]), .one([.overwrite, .update], at: 2)], group: .generic, since: "6.2.0",
    complexity: "O(N) for N bytes of the value.", "Stores the value of a key at another key as well.",
    .write { call, edit throws(CommandError) in
      let (target, replaces) = try copyOptions(call, edit)
      let key = call.key(1)
      let newKey = call.key(2)
      guard target.database != edit.database || key.bytes != newKey.bytes else { throw .sameObject }
      guard edit.read(key) != nil else { return call.reply.integer(0) }
      let isTaken = target.find(newKey) != nil
      guard replaces || !isTaken else { return call.reply.integer(0) }
      // Looking at the target may have deleted an expired key, and with it what was found before.
      guard let entry = edit.find(key, quietly: true) else { return call.reply.integer(0) }
      target.copy(entry, to: newKey, expiry: entry.expiry)
      target.created(newKey)
      target.changed(newKey, .generic("copy_to"))
      call.reply.integer(1)
    })

  private static func copyOptions(
    _ call: borrowing Call, _ edit: Edit
  ) throws(CommandError) -> (target: Edit, replaces: Bool) {
    var target = edit
    var replaces = false
    var index = 3
    while index < call.count {
      if call.matches(index, "replace") {
        replaces = true
      } else if call.matches(index, "db"), index + 1 < call.count {
        target = edit.selecting(try call.database(index + 1))
        index += 1
      } else {
        throw .syntax
      }
      index += 1
    }
    return (target, replaces)
  }
}

extension Call {
  /// Argument `index` as a number of 32 bits.
  func int32(_ index: Int) throws(CommandError) -> Int {
    guard let number = Int32(exactly: try integer(index)) else { throw .notInInt32 }
    return Int(number)
  }

  /// Argument `index` as the number of a database.
  func database(_ index: Int) throws(CommandError) -> Int {
    let number = try int32(index)
    guard (0..<keyspace.live.databaseCount).contains(number) else { throw .dbIndexOutOfRange }
    return number
  }
}
