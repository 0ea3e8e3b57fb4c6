internal import RESP
internal import Values
internal import VersionedStore

/// Commands that change bytes of a string in place.
extension StringCommands {
  static let writing = [append, setrange]

  static let append = Command(
    "append", arity: .exactly(3), flags: [.write, .denyOOM, .fast], categories: [.string],
    keys: [.one([.readWrite, .insert])], group: .string, since: "2.0.0",
    complexity: "O(N) for N bytes appended: a string that outgrows its memory gets room to grow on.",
    "Adds bytes at the end of the string at a key.",
    .write { call, edit throws(CommandError) in
      let key = call.key(1)
      let addition = call[2]
      guard let entry = edit.find(key) else {
        edit.putString(key, addition, expiry: nil)
        edit.changed(key, .string("append"))
        return call.reply.integer(addition.count)
      }
      let count = try call.stringLength(entry.string.count, adding: addition.count)
      var string = edit.editString(key, entry)
      string.append(addition)
      edit.changed(key, .string("append"))
      call.reply.integer(count)
    })

  static let setrange = Command(
    "setrange", arity: .exactly(4), flags: [.write, .denyOOM], categories: [.string],
    keys: [.one([.readWrite, .update])], group: .string, since: "2.2.0",
    complexity: "O(N) for N bytes written, and those that are skipped.",
    "Overwrites bytes of the string at a key from an offset on; zeros fill what was not there.",
    .write { call, edit throws(CommandError) in
      let offset = Int(try call.integer(2))
      guard offset >= 0 else { throw .outOfRange }
      let key = call.key(1)
      let entry = edit.find(key)
      let former = try entry?.string.count ?? 0
      let source = call[3]
      guard !source.isEmpty else { return call.reply.integer(former) }
      _ = try call.stringLength(offset, adding: source.count)
      var string = edit.editString(key, entry)
      string.replace(at: offset, with: source)
      if entry == nil { edit.created(key) }
      edit.changed(key, .string("setrange"))
      call.reply.integer(string.count)
    })
}

extension Call {
  /// The length of a string that grows. Throws `.stringTooLong` if it may not be that long.
  func stringLength(_ count: Int, adding: Int) throws(CommandError) -> Int {
    let limit = session.isPrimary ? StringForm.lengthLimit : keyspace.settings.protoMaxBulkLen
    let (length, overflow) = count.addingReportingOverflow(adding)
    guard !overflow, length <= min(limit, StringForm.lengthLimit) else { throw .stringTooLong }
    return length
  }
}
