internal import RESP
internal import Values
internal import VersionedStore

/// Commands on fields that are numbers. A field that is missing counts as 0, and keeps its time to live otherwise.
extension HashCommands {
  static let counting = [hincrby, hincrbyfloat]

  static let hincrby = Command(
    "hincrby", arity: .exactly(4), flags: [.write, .denyOOM, .fast], categories: [.hash],
    keys: [.one([.readWrite, .access, .update])], member: 2, group: .hash, since: "2.0.0",
    "Adds a number to the integer under a field.",
    .write { call, edit throws(CommandError) in
      let number = try call.integer(3)
      let (hash, former, expiry, isStale) = try field(&call, edit)
      var sum: Int64 = 0
      if let former {
        guard let integer = Int64(former) else { throw .hashNotInteger }
        sum = integer
      }
      let (result, overflow) = sum.addingReportingOverflow(number)
      guard !overflow else { throw .overflow }
      DecimalText(result).withBytes { text in
        _ = hash.set(call[2], text, expiry: expiry)
        // Elsewhere the number that has expired here would still count.
        if isStale { edit.tellInstead(setting: [(call[2], text)], of: call[1]) }
      }
      edit.changed(call.key(1), .hash("hincrby"))
      call.reply.integer(Int(result))
    })

  static let hincrbyfloat = Command(
    "hincrbyfloat", arity: .exactly(4), flags: [.write, .denyOOM, .fast], categories: [.hash],
    keys: [.one([.readWrite, .access, .update])], member: 2, group: .hash, since: "2.6.0",
    "Adds a floating point number to the number under a field.",
    .write { call, edit throws(CommandError) in
      guard let addend = Float80(text: call[3]) else { throw .notFloat }
      guard addend.isFinite else { throw .infiniteAddend }
      let (hash, former, expiry, _) = try field(&call, edit)
      var sum = addend
      if let former {
        guard let number = Float80(former) else { throw .hashNotFloat }
        sum += number
      }
      guard sum.isFinite else { throw .nanOrInfinity }
      sum.withHumanText { text in
        hash.set(call[2], text, expiry: expiry)
        edit.changed(call.key(1), .hash("hincrbyfloat"))
        call.reply.bulk(text)
        if edit.tellsEffects { edit.tellInstead(setting: [(call[2], text)], of: call[1], until: expiry) }
      }
    })

  /// The hash of argument 1, the value under the field of argument 2, and when that expires; whether one is there that has
  /// expired. A missing key counts as made.
  private static func field(
    _ call: inout Call, _ edit: Edit
  ) throws(CommandError) -> (hash: HashEditor, value: StoredValue?, expiry: Int64?, isStale: Bool) {
    let key = call.key(1)
    let hash = try edit.hash(key)
    guard let entry = edit.place(key).entry else {
      edit.created(key)
      return (hash, nil, nil, false)
    }
    let field = call.key(2)
    let reader = HashReader(entry)
    guard let value = reader.value(of: field.bytes, field.hash, now: edit.now) else {
      return (hash, nil, nil, reader.holds(field))
    }
    return (hash, value, reader.trie?.find(field.bytes, field.hash)?.expiry, false)
  }
}
