internal import RESP
internal import Values
internal import VersionedStore

/// Commands that give keys a time to live, or take it away.
extension GenericCommands {
  static let expiring = [expire, pexpire, expireat, pexpireat, persist]

  static let expire = expiry("expire", since: "1.0.0", "Gives a key a time to live in seconds.") {
    call, edit throws(CommandError) in try expire(&call, edit, scale: 1000, base: call.now)
  }

  static let pexpire = expiry("pexpire", since: "2.6.0", "Gives a key a time to live in milliseconds.") {
    call, edit throws(CommandError) in try expire(&call, edit, scale: 1, base: call.now)
  }

  static let expireat = expiry("expireat", since: "1.2.0", "Has a key expire at a Unix time in seconds.") {
    call, edit throws(CommandError) in try expire(&call, edit, scale: 1000, base: 0)
  }

  static let pexpireat = expiry("pexpireat", since: "2.6.0", "Has a key expire at a Unix time in milliseconds.") {
    call, edit throws(CommandError) in try expire(&call, edit, scale: 1, base: 0)
  }

  private static func expiry(
    _ name: StaticString, since: StaticString, _ summary: StaticString,
    _ handler: @escaping @Sendable (inout Call, Edit) throws(CommandError) -> Void
  ) -> Command {
    Command(
      name, arity: .atLeast(3), flags: [.write, .fast], categories: [.keyspace], keys: [.one([.readWrite, .update])],
      group: .generic, since: since, summary, .write(handler))
  }

  /// `scale` turns the client's unit into milliseconds, `base` is what it counts from.
  private static func expire(
    _ call: inout Call, _ edit: Edit, scale: Int64, base: Int64
  ) throws(CommandError) {
    let condition = try ExpiryCondition(&call)
    let (scaled, tooLarge) = try call.integer(2).multipliedReportingOverflow(by: scale)
    let (expiry, overflow) = scaled.addingReportingOverflow(base)
    guard !tooLarge, !overflow else { throw call.refuseExpireTime() }
    let key = call.key(1)
    guard let entry = edit.find(key), condition.admits(expiry, after: entry.expiry) else {
      return call.reply.integer(0)
    }
    if edit.isOver(expiry) {
      edit.delete(key)
      edit.tellRemovalInstead(key, isLazy: edit.settings.lazyfreeLazyExpire)
    } else {
      edit.setExpiry(key, expiry)
      edit.changed(key, .generic("expire"))
      // What is told already as it is told here stays in the client's own words.
      if edit.tellsEffects, scale != 1 || base != 0 { tell(call, edit, until: expiry) }
    }
    call.reply.integer(1)
  }

  private static func tell(_ call: borrowing Call, _ edit: Edit, until expiry: Int64) {
    let arguments = call.arguments(from: 0)
    edit.tellInstead(count: call.count) { writer in
      writer.bulk("PEXPIREAT")
      writer.bulk(arguments[1])
      writer.bulk(Int(expiry))
      writer.arguments(arguments, 3..<arguments.count)
    }
  }

  static let persist = Command(
    "persist", arity: .exactly(2), flags: [.write, .fast], categories: [.keyspace],
    keys: [.one([.readWrite, .update])], group: .generic, since: "2.2.0", "Takes away the time to live of a key.",
    .write { call, edit in
      let key = call.key(1)
      guard let entry = edit.find(key), entry.expires else { return call.reply.integer(0) }
      edit.setExpiry(key, nil)
      edit.changed(key, .generic("persist"))
      call.reply.integer(1)
    })
}

/// NX, XX, GT and LT: on which former expiry EXPIRE and its kin act. None counts as later than any.
private struct ExpiryCondition: OptionSet {
  let rawValue: UInt8

  static let missing = ExpiryCondition(rawValue: 1)
  static let present = ExpiryCondition(rawValue: 2)
  static let greater = ExpiryCondition(rawValue: 4)
  static let less = ExpiryCondition(rawValue: 8)

  init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Reads all arguments from the fourth on.
  init(_ call: inout Call) throws(CommandError) {
    self = []
    guard call.count > 3 else { return }
    for index in 3..<call.count {
      if call.matches(index, "nx") {
        insert(.missing)
      } else if call.matches(index, "xx") {
        insert(.present)
      } else if call.matches(index, "gt") {
        insert(.greater)
      } else if call.matches(index, "lt") {
        insert(.less)
      } else {
        throw call.refuse("ERR Unsupported option ", quoting: call[index])
      }
    }
    if contains(.missing), self != .missing { throw .expireConditions }
    if isSuperset(of: [.greater, .less]) { throw .expireComparisons }
  }

  func admits(_ expiry: Int64, after former: Int64?) -> Bool {
    guard let former else { return isDisjoint(with: [.present, .greater]) }
    return !contains(.missing) && (!contains(.greater) || expiry > former) && (!contains(.less) || expiry < former)
  }
}
