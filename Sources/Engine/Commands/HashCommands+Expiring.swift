internal import RESP
internal import Values
internal import VersionedStore

/// Times to live of single fields, as Redis 7.4 and Valkey 9 have them.
extension HashCommands {
  static let expiring = [
    hexpire, hpexpire, hexpireat, hpexpireat, httl, hpttl, hexpiretime, hpexpiretime, hpersist, hgetex, hsetex, hgetdel,
  ]

  /// What the reply says of a field.
  private enum Answer {
    static let noField = -2
    static let noExpiry = -1
    static let notMet = 0
    static let set = 1
    static let deleted = 2
  }

  /// `FIELDS count field ...` at the end of the arguments.
  private struct Fields {
    /// The arguments with the fields.
    let indexes: StrideTo<Int>
    let count: Int

    /// - Parameter notPositive: what is said of a number that is none; the commands do not agree in that.
    init(
      _ call: inout Call, at index: Int,
      notPositive: StaticString = "ERR Number of fields must be a positive integer"
    ) throws(CommandError) {
      guard index + 1 < call.count, call.matches(index, "fields") else {
        throw call.refuse("ERR Mandatory argument FIELDS is missing or not at the right position")
      }
      guard let number = Int64(text: call[index + 1]), number > 0 else { throw call.refuse(notPositive) }
      guard number == call.count - index - 2 else {
        throw call.refuse("ERR The `numfields` parameter must match the number of arguments")
      }
      count = Int(number)
      indexes = stride(from: index + 2, to: call.count, by: 1)
    }

    /// Fields with their values, for HSETEX.
    init(_ call: inout Call, withValuesAt index: Int) throws(CommandError) {
      let left = call.count - index - 2
      guard index < call.count, left >= 2 else { throw call.refuseArity() }
      guard let number = Int64(text: call[index + 1]), (1...Int64(Int32.max)).contains(number) else {
        throw call.refuse("ERR invalid number of fields")
      }
      guard left % 2 == 0, number == left / 2 else { throw call.refuseArity() }
      count = Int(number)
      indexes = stride(from: index + 2, to: call.count, by: 2)
    }
  }

  /// The state of a field: nil if it is not there, else when it expires, if ever.
  private static func expiry(_ hash: HashReader?, _ field: Key, now: Int64) -> Int64?? {
    guard let hash, hash.value(of: field.bytes, field.hash, now: now) != nil else { return nil }
    return .some(hash.trie?.find(field.bytes, field.hash)?.expiry)
  }

  // MARK: Setting

  static let hexpire = setting("hexpire", .ex, "Gives fields a time to live in seconds.")
  static let hpexpire = setting("hpexpire", .px, "Gives fields a time to live in milliseconds.")
  static let hexpireat = setting("hexpireat", .exat, "Has fields expire at a time in seconds since 1970.")
  static let hpexpireat = setting("hpexpireat", .pxat, "Has fields expire at a time in milliseconds since 1970.")

  private enum Condition {
    case always, none, some, greater, less

    init?(_ call: borrowing Call, _ index: Int) {
      if call.matches(index, "nx") {
        self = .none
      } else if call.matches(index, "xx") {
        self = .some
      } else if call.matches(index, "gt") {
        self = .greater
      } else if call.matches(index, "lt") {
        self = .less
      } else {
        return nil
      }
    }

    /// A field that never expires does so later than any other.
    func admits(_ expiry: Int64, former: Int64?) -> Bool {
      switch self {
      case .always: true
      case .none: former == nil
      case .some: former != nil
      case .greater: former.map { expiry > $0 } ?? false
      case .less: former.map { expiry < $0 } ?? true
      }
    }
  }

  private static func setting(_ name: StaticString, _ keyword: ExpiryOption.Keyword, _ summary: StaticString) -> Command
  {
    Command(
      name, arity: .atLeast(6), flags: [.write, .denyOOM, .fast], categories: [.hash],
      keys: [.one([.readWrite, .update])], group: .hash, since: "7.4.0", complexity: "O(N) for N fields.", summary,
      .write { call, edit throws(CommandError) in
        _ = try edit.hash(call.key(1))
        let time = try time(&call, 2, keyword)
        let condition = Condition(call, 3)
        let fields = try Fields(
          &call, at: condition == nil ? 3 : 4, notPositive: "ERR Parameter `numFields` should be greater than 0")
        var changes = FieldChanges()
        call.reply.arrayHeader(fields.count)
        for index in fields.indexes {
          let answer = apply(time, condition ?? .always, call.key(index), call, edit)
          changes.note(answer, call[index])
          call.reply.integer(answer)
        }
        changes.tell(call.key(1), edit)
        changes.tellEffects(call[1], edit, at: time)
      })
  }

  /// What was done to the times of fields: one event says it for all of them.
  private struct FieldChanges {
    private var set: [Bytes] = []
    private var deleted: [Bytes] = []

    mutating func note(_ answer: Int, _ field: Bytes) {
      if answer == Answer.set { set.append(field) }
      if answer == Answer.deleted { deleted.append(field) }
    }

    /// - Parameter counting: whether they are counted as changes here, and not by the caller.
    func tell(_ key: Key, _ edit: Edit, counting: Bool = true) {
      let count = set.count + deleted.count
      guard count > 0 else { return }
      edit.changed(key, .hash(!deleted.isEmpty ? "hdel" : "hexpire"), count: counting ? count : 0)
      if !deleted.isEmpty { edit.tellIfGone(key) }
    }

    /// Tells of the fields that were given this time, and of those that are gone because it has come.
    func tellEffects(_ key: Bytes, _ edit: Edit, at time: Int64) {
      edit.tellInstead(expiring: set, of: key, at: time)
      edit.tellInstead(removing: deleted, of: key)
    }
  }

  /// Redis gives a time 48 bits, and leaves two of them free.
  private static let endOfTime: Int64 = 1 << 46

  /// A time that may lie in the past, in milliseconds since 1970.
  private static func time(
    _ call: inout Call, _ index: Int, _ keyword: ExpiryOption.Keyword
  ) throws(CommandError) -> Int64 {
    var time = try call.integer(index)
    guard time >= 0 else { throw call.refuse("ERR invalid expire time, must be >= 0") }
    var overflow = false
    if keyword == .ex || keyword == .exat { (time, overflow) = time.multipliedReportingOverflow(by: 1000) }
    if !overflow, keyword == .ex || keyword == .px { (time, overflow) = time.addingReportingOverflow(call.now) }
    guard !overflow, time < Self.endOfTime else { throw call.refuseExpireTime() }
    return time
  }

  private static func apply(_ time: Int64, _ condition: Condition, _ field: Key, _ call: Call, _ edit: Edit) -> Int {
    let key = call.key(1)
    let reader = edit.find(key).map { HashReader($0) }
    guard let former = expiry(reader, field, now: edit.now) else { return Answer.noField }
    guard condition.admits(time, former: former) else { return Answer.notMet }
    let editor = HashEditor(edit.place(key), edit.limits)
    if edit.isOver(time) {
      editor.remove(field.bytes)
      return Answer.deleted
    }
    _ = editor.setExpiry(field.bytes, time)
    edit.keyspace.fieldExpiry.noteNeeded()
    return Answer.set
  }

  static let hpersist = Command(
    "hpersist", arity: .atLeast(5), flags: [.write, .fast], categories: [.hash], keys: [.one([.readWrite, .update])],
    group: .hash, since: "7.4.0", complexity: "O(N) for N fields.", "Takes the times to live of fields away.",
    .write { call, edit throws(CommandError) in
      _ = try edit.hash(call.key(1))
      let fields = try Fields(&call, at: 2)
      let key = call.key(1)
      var changed: [Bytes] = []
      call.reply.arrayHeader(fields.count)
      for index in fields.indexes {
        let field = call.key(index)
        switch expiry(edit.find(key).map { HashReader($0) }, field, now: edit.now) {
        case nil: call.reply.integer(Answer.noField)
        case .some(nil): call.reply.integer(Answer.noExpiry)
        case .some(.some):
          _ = HashEditor(edit.place(key), edit.limits).setExpiry(field.bytes, nil)
          changed.append(field.bytes)
          call.reply.integer(Answer.set)
        }
      }
      guard !changed.isEmpty else { return }
      edit.changed(key, .hash("hpersist"), count: changed.count)
      edit.tellInstead(expiring: changed, of: key.bytes, at: nil)
    })

  // MARK: Asking

  static let httl = asking("httl", "Answers with the seconds that fields have to live.") { ($0 - $1 + 999) / 1000 }
  static let hpttl = asking("hpttl", "Answers with the milliseconds that fields have to live.") { $0 - $1 }
  static let hexpiretime = asking(
    "hexpiretime", "Answers with the times at which fields expire, in seconds since 1970."
  ) { time, _ in (time + 999) / 1000 }
  static let hpexpiretime = asking(
    "hpexpiretime", "Answers with the times at which fields expire, in milliseconds since 1970."
  ) { time, _ in time }

  private static func asking(
    _ name: StaticString, _ summary: StaticString, _ form: @escaping @Sendable (Int64, Int64) -> Int64
  ) -> Command {
    Command(
      name, arity: .atLeast(5), flags: [.readOnly, .fast], categories: [.hash], keys: [.one([.readOnly, .access])],
      group: .hash, since: "7.4.0", complexity: "O(N) for N fields.", summary,
      .read { call, view throws(CommandError) in
        let hash = try view.hash(call.key(1))
        let fields = try Fields(&call, at: 2)
        call.reply.arrayHeader(fields.count)
        for index in fields.indexes {
          switch expiry(hash, call.key(index), now: view.now) {
          case nil: call.reply.integer(Answer.noField)
          case .some(nil): call.reply.integer(Answer.noExpiry)
          case .some(let time?): call.reply.integer(Int(form(time, view.now)))
          }
        }
      })
  }

  // MARK: With values

  /// What HSETEX may say before its fields, in any order.
  private struct SetOptions {
    var time: Int64?
    var keeps = false
    var onlyNew = false
    var onlyThere = false
    /// Where FIELDS stands.
    var end = 2

    init(_ call: inout Call) throws(CommandError) {
      while end < call.count, !call.matches(end, "fields") {
        let keyword = ExpiryOption.Keyword.allCases.first { call.matches(end, $0.name) }
        if keyword != nil || call.matches(end, "keepttl"), time != nil || keeps {
          throw call.refuse("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified")
        }
        if let keyword {
          guard end + 1 < call.count else { throw call.refuse("ERR missing expire time") }
          time = try HashCommands.time(&call, end + 1, keyword)
          end += 1
        } else if call.matches(end, "keepttl") {
          keeps = true
        } else if call.matches(end, "fnx") || call.matches(end, "fxx") {
          guard !onlyNew, !onlyThere else {
            throw call.refuse("ERR Only one of FXX or FNX arguments can be specified")
          }
          (onlyNew, onlyThere) = (call.matches(end, "fnx"), call.matches(end, "fxx"))
        } else {
          throw call.refuse("ERR unknown argument: ", call[end], "")
        }
        end += 1
      }
    }
  }

  static let hgetex = Command(
    "hgetex", arity: .atLeast(5), flags: [.write, .fast], categories: [.hash],
    keys: [.one([.readWrite, .access, .update])], group: .hash, since: "8.0.0", complexity: "O(N) for N fields.",
    "Answers with values and sets the times to live of their fields.",
    .write { call, edit throws(CommandError) in
      _ = try edit.hash(call.key(1))
      let keyword = ExpiryOption.Keyword.allCases.first { call.matches(2, $0.name) }
      let time: Int64? = if let keyword { try time(&call, 3, keyword) } else { nil }
      let persists = call.matches(2, "persist")
      let fields = try Fields(&call, at: keyword != nil ? 4 : persists ? 3 : 2)
      var (changes, persisted) = (FieldChanges(), [Bytes]())
      call.reply.arrayHeader(fields.count)
      for index in fields.indexes {
        let field = call.key(index)
        guard answerValue(&call, edit, field) else { continue }
        if let time {
          changes.note(apply(time, .always, field, call, edit), field.bytes)
        } else if persists,
          case .some(.some) = expiry(edit.find(call.key(1)).map { HashReader($0) }, field, now: edit.now)
        {
          _ = HashEditor(edit.place(call.key(1)), edit.limits).setExpiry(field.bytes, nil)
          persisted.append(field.bytes)
        }
      }
      changes.tell(call.key(1), edit)
      if let time { changes.tellEffects(call[1], edit, at: time) }
      guard !persisted.isEmpty else { return }
      edit.changed(call.key(1), .hash("hpersist"), count: persisted.count)
      edit.tellInstead(expiring: persisted, of: call[1], at: nil)
    })

  /// Answers with a value or null. Returns whether there is one.
  private static func answerValue(_ call: inout Call, _ edit: Edit, _ field: Key) -> Bool {
    guard let entry = edit.find(call.key(1)),
      let value = HashReader(entry).value(of: field.bytes, field.hash, now: edit.now)
    else {
      call.reply.null()
      return false
    }
    call.reply.bulk(value)
    return true
  }

  static let hgetdel = Command(
    "hgetdel", arity: .atLeast(5), flags: [.write, .fast], categories: [.hash],
    keys: [.one([.readWrite, .access, .delete])], group: .hash, since: "8.0.0", complexity: "O(N) for N fields.",
    "Answers with values and removes their fields; the key goes with the last of them.",
    .write { call, edit throws(CommandError) in
      _ = try edit.hash(call.key(1))
      let fields = try Fields(&call, at: 2)
      var removed: [Bytes] = []
      call.reply.arrayHeader(fields.count)
      for index in fields.indexes where answerValue(&call, edit, call.key(index)) {
        HashEditor(edit.place(call.key(1)), edit.limits).remove(call[index])
        removed.append(call[index])
      }
      guard !removed.isEmpty else { return }
      edit.changed(call.key(1), .hash("hdel"), count: removed.count)
      edit.tellIfGone(call.key(1))
      edit.tellInstead(removing: removed, of: call[1])
    })

  static let hsetex = Command(
    "hsetex", arity: .atLeast(6), flags: [.write, .denyOOM, .fast], categories: [.hash],
    keys: [.one([.readWrite, .update])], group: .hash, since: "8.0.0", complexity: "O(N) for N fields.",
    "Stores values with times to live, all of them or none.",
    .write { call, edit throws(CommandError) in
      let options = try SetOptions(&call)
      let fields = try Fields(&call, withValuesAt: options.end)
      let editor = try edit.hash(call.key(1))
      let reader = edit.find(call.key(1)).map { HashReader($0) }
      for index in fields.indexes {
        let isThere = expiry(reader, call.key(index), now: edit.now) != nil
        if isThere ? options.onlyNew : options.onlyThere { return call.reply.integer(0) }
      }
      if reader == nil { edit.created(call.key(1)) }
      var (changes, stored, removed) = (FieldChanges(), [(time: Int64?, index: Int)](), [Bytes]())
      for index in fields.indexes {
        let former = expiry(edit.find(call.key(1)).map { HashReader($0) }, call.key(index), now: edit.now)
        let time = options.keeps ? former ?? nil : options.time
        if let time, edit.isOver(time) {
          editor.remove(call[index])
          changes.note(Answer.deleted, call[index])
          removed.append(call[index])
        } else {
          editor.set(call[index], call[index + 1], expiry: time)
          if time != nil { edit.keyspace.fieldExpiry.noteNeeded() }
          if options.time != nil { changes.note(Answer.set, call[index]) }
          stored.append((time, index))
        }
      }
      // Each field counts once, whether it was stored, given a time or, because that had come, left out.
      edit.changed(call.key(1), .hash("hset"), count: fields.count)
      changes.tell(call.key(1), edit, counting: false)
      call.reply.integer(1)
      if edit.tellsEffects {
        // All those with one time together, in the order in which they came.
        var rest = stored[...]
        while let first = rest.first {
          let next = rest.prefix { $0.time == first.time }
          edit.tellInstead(setting: next.map { (call[$0.index], call[$0.index + 1]) }, of: call[1], until: first.time)
          rest = rest.dropFirst(next.count)
        }
        edit.tellInstead(removing: removed, of: call[1])
      }
    })
}
