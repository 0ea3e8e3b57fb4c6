internal import RESP
internal import Values
internal import VersionedStore

/// Commands on strings that are numbers. A key that is missing counts as 0, and keeps its time to live otherwise.
extension StringCommands {
  static let counting = [incr, decr, incrby, decrby, incrbyfloat]

  static let incr = Command(
    "incr", arity: .exactly(2), flags: [.write, .denyOOM, .fast], categories: [.string],
    keys: [.one([.readWrite, .access, .update])], group: .string, since: "1.0.0", "Adds one to the integer at a key.",
    .write { call, edit throws(CommandError) in try add(1, &call, edit) })

  static let decr = Command(
    "decr", arity: .exactly(2), flags: [.write, .denyOOM, .fast], categories: [.string],
    keys: [.one([.readWrite, .access, .update])], group: .string, since: "1.0.0",
    "Subtracts one from the integer at a key.",
    .write { call, edit throws(CommandError) in try add(-1, &call, edit) })

  static let incrby = Command(
    "incrby", arity: .exactly(3), flags: [.write, .denyOOM, .fast], categories: [.string],
    keys: [.one([.readWrite, .access, .update])], group: .string, since: "1.0.0",
    "Adds a number to the integer at a key.",
    .write { call, edit throws(CommandError) in try add(try call.integer(2), &call, edit) })

  static let decrby = Command(
    "decrby", arity: .exactly(3), flags: [.write, .denyOOM, .fast], categories: [.string],
    keys: [.one([.readWrite, .access, .update])], group: .string, since: "1.0.0",
    "Subtracts a number from the integer at a key.",
    .write { call, edit throws(CommandError) in
      let number = try call.integer(2)
      guard number != .min else { throw .decrementOverflow }
      try add(-number, &call, edit)
    })

  private static func add(_ number: Int64, _ call: inout Call, _ edit: Edit) throws(CommandError) {
    let key = call.key(1)
    let entry = edit.find(key, quietly: true)
    var former: Int64 = 0
    if let entry {
      guard let value = try entry.string.whole, let integer = Int64(value) else { throw .notInteger }
      former = integer
    }
    let (sum, overflow) = former.addingReportingOverflow(number)
    guard !overflow else { throw .overflow }
    edit.put(key, .word(sum), tag: ValueTag.integer, expiry: entry?.expiry)
    edit.changed(key, .string("incrby"))
    call.reply.integer(Int(sum))
  }

  static let incrbyfloat = Command(
    "incrbyfloat", arity: .exactly(3), flags: [.write, .denyOOM, .fast], categories: [.string],
    keys: [.one([.readWrite, .access, .update])], group: .string, since: "2.6.0",
    "Adds a floating point number to the number at a key.",
    .write { call, edit throws(CommandError) in
      let key = call.key(1)
      let entry = edit.find(key, quietly: true)
      var former: Float80 = 0
      if let entry {
        guard let value = try entry.string.whole, let number = Float80(value) else { throw .notFloat }
        former = number
      }
      guard let addend = Float80(text: call[2]) else { throw .notFloat }
      let sum = former + addend
      guard sum.isFinite else { throw .nanOrInfinity }
      sum.withHumanText { text in
        let form = StringForm(text: text)
        edit.put(key, form.value, tag: form.tag, expiry: entry?.expiry)
        edit.changed(key, .string("incrbyfloat"))
        call.reply.bulk(text)
        // Another machine may reckon with other floating point numbers.
        edit.tellInstead(count: 4) { writer in
          writer.bulk("SET")
          writer.bulk(key.bytes)
          writer.bulk(text)
          writer.bulk("KEEPTTL")
        }
      }
    })
}
