internal import VersionedStore

/// A command, declared once: what `COMMAND` says, what arity, keys and access are checked by, and what runs.
public struct Command: Sendable {
  /// Lower case; for a subcommand its own name alone.
  public let name: StaticString
  public let arity: Arity
  public let flags: CommandFlags
  /// ACL categories beyond those that the flags imply.
  public let categories: CommandCategories
  public let keys: [KeySpecification]
  /// The position of the first field or member, whose lookup goes ahead in a large value at the first key; 0 if there is
  /// none, `drawn` if without further arguments one is drawn at random.
  let member: Int

  static let drawn = -1
  public let group: CommandGroup
  /// The version of Redis that brought it; nil for Cambium's own commands.
  public let since: StaticString
  public let complexity: StaticString
  /// One sentence for COMMAND DOCS.
  public let summary: StaticString
  public let handler: Handler
  /// Of a container command such as CLIENT.
  public let subcommands: [Command]

  /// What runs. A read handler is given a root to read, the live one or an old version's, and cannot write; a write handler
  /// is given the open dataset; a control handler acts on sessions, versions or the server.
  public enum Handler: Sendable {
    case read(@Sendable (inout Call, ReadView) throws(CommandError) -> Void)
    case write(@Sendable (inout Call, Edit) throws(CommandError) -> Void)
    case control(@Sendable (inout Call, Engine) throws(CommandError) -> Void)
    /// Has subcommands only.
    case container
  }

  public init(
    _ name: StaticString, arity: Arity, flags: CommandFlags = [], categories: CommandCategories = [],
    keys: [KeySpecification] = [], member: Int = 0, group: CommandGroup, since: StaticString,
    complexity: StaticString = "O(1)",
    _ summary: StaticString, subcommands: [Command] = [], _ handler: Handler = .container
  ) {
    self.name = name
    self.arity = arity
    self.flags = flags
    self.categories = categories
    self.keys = keys
    self.member = member
    self.group = group
    self.since = since
    self.complexity = complexity
    self.summary = summary
    self.subcommands = subcommands
    self.handler = handler
  }
}

extension Command {
  /// Flagged as fast, or of constant time by what it says of itself. Of the commands of constant time only those about a
  /// key count: others may have a constant to do that is large.
  var isBrief: Bool {
    if flags.contains(.fast) { return true }
    guard !keys.isEmpty, flags.isDisjoint(with: [.blocking, .mayWait]) else { return false }
    // A bit or a byte set far behind the end of a string makes all that lies between.
    return "\(complexity)" == "O(1)" && !["setbit", "setrange"].contains("\(name)")
  }
}

/// The number of arguments, the command's name (and its subcommand's) among them.
public enum Arity: Sendable, Equatable {
  case exactly(Int)
  case atLeast(Int)

  @inline(__always)
  func admits(_ count: Int) -> Bool {
    switch self {
    case .exactly(let wanted): count == wanted
    case .atLeast(let least): count >= least
    }
  }

  /// As COMMAND shows it: negative for a least number.
  public var number: Int {
    switch self {
    case .exactly(let count): count
    case .atLeast(let count): -count
    }
  }
}

/// What COMMAND INFO lists, in Redis's order of printing.
public struct CommandFlags: OptionSet, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let write = CommandFlags(rawValue: 1 << 0)
  public static let readOnly = CommandFlags(rawValue: 1 << 1)
  /// Refused when memory is short.
  public static let denyOOM = CommandFlags(rawValue: 1 << 2)
  public static let admin = CommandFlags(rawValue: 1 << 3)
  public static let pubsub = CommandFlags(rawValue: 1 << 4)
  public static let noScript = CommandFlags(rawValue: 1 << 5)
  public static let blocking = CommandFlags(rawValue: 1 << 6)
  public static let loading = CommandFlags(rawValue: 1 << 7)
  public static let stale = CommandFlags(rawValue: 1 << 8)
  public static let skipMonitor = CommandFlags(rawValue: 1 << 9)
  public static let skipSlowlog = CommandFlags(rawValue: 1 << 10)
  public static let fast = CommandFlags(rawValue: 1 << 11)
  /// May be given before AUTH.
  public static let noAuth = CommandFlags(rawValue: 1 << 12)
  public static let mayReplicate = CommandFlags(rawValue: 1 << 13)
  public static let noMulti = CommandFlags(rawValue: 1 << 14)
  public static let movableKeys = CommandFlags(rawValue: 1 << 15)
  public static let allowBusy = CommandFlags(rawValue: 1 << 16)
  public static let sortForScript = CommandFlags(rawValue: 1 << 17)
  public static let noMandatoryKeys = CommandFlags(rawValue: 1 << 18)
  public static let noAsyncLoading = CommandFlags(rawValue: 1 << 19)
  /// The reply may come later: what the client sends behind the command waits for it.
  public static let mayWait = CommandFlags(rawValue: 1 << 20)
  /// Runs at once between MULTI and EXEC, where others are queued.
  public static let controlsTransaction = CommandFlags(rawValue: 1 << 21)
  /// May make a primary of a replica or a replica of a primary, which no transaction takes back.
  public static let changesRole = CommandFlags(rawValue: 1 << 22)
  /// May be given by a subscriber that speaks RESP2.
  public static let allowedToSubscribers = CommandFlags(rawValue: 1 << 25)

  /// Cannot take long, unless its arguments or its reply are long: worked out from the declaration, not part of it.
  public static let brief = CommandFlags(rawValue: 1 << 31)

  /// Names as COMMAND shows them; what is not here, it keeps to itself.
  public static let names: [(CommandFlags, StaticString)] = [
    (.write, "write"), (.readOnly, "readonly"), (.denyOOM, "denyoom"), (.admin, "admin"), (.pubsub, "pubsub"),
    (.noScript, "noscript"), (.blocking, "blocking"), (.loading, "loading"), (.stale, "stale"),
    (.skipMonitor, "skip_monitor"), (.skipSlowlog, "skip_slowlog"), (.fast, "fast"), (.noAuth, "no_auth"),
    (.noMandatoryKeys, "no_mandatory_keys"), (.noAsyncLoading, "no_async_loading"), (.noMulti, "no_multi"),
    (.movableKeys, "movablekeys"), (.allowBusy, "allow_busy"),
  ]
}

/// ACL categories, as `COMMAND INFO` shows them (`@keyspace`, `@string`, …).
public struct CommandCategories: OptionSet, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let keyspace = CommandCategories(rawValue: 1 << 0)
  public static let read = CommandCategories(rawValue: 1 << 1)
  public static let write = CommandCategories(rawValue: 1 << 2)
  public static let set = CommandCategories(rawValue: 1 << 3)
  public static let sortedSet = CommandCategories(rawValue: 1 << 4)
  public static let list = CommandCategories(rawValue: 1 << 5)
  public static let hash = CommandCategories(rawValue: 1 << 6)
  public static let string = CommandCategories(rawValue: 1 << 7)
  public static let bitmap = CommandCategories(rawValue: 1 << 8)
  public static let hyperLogLog = CommandCategories(rawValue: 1 << 9)
  public static let geo = CommandCategories(rawValue: 1 << 10)
  public static let stream = CommandCategories(rawValue: 1 << 11)
  public static let pubsub = CommandCategories(rawValue: 1 << 12)
  public static let admin = CommandCategories(rawValue: 1 << 13)
  public static let fast = CommandCategories(rawValue: 1 << 14)
  public static let slow = CommandCategories(rawValue: 1 << 15)
  public static let blocking = CommandCategories(rawValue: 1 << 16)
  public static let dangerous = CommandCategories(rawValue: 1 << 17)
  public static let connection = CommandCategories(rawValue: 1 << 18)
  public static let transaction = CommandCategories(rawValue: 1 << 19)
  public static let scripting = CommandCategories(rawValue: 1 << 20)
  /// The VERSION commands: Cambium's own category.
  public static let version = CommandCategories(rawValue: 1 << 21)

  public static let names: [(CommandCategories, StaticString)] = [
    (.keyspace, "@keyspace"), (.read, "@read"), (.write, "@write"), (.set, "@set"), (.sortedSet, "@sortedset"),
    (.list, "@list"), (.hash, "@hash"), (.string, "@string"), (.bitmap, "@bitmap"),
    (.hyperLogLog, "@hyperloglog"), (.geo, "@geo"), (.stream, "@stream"), (.pubsub, "@pubsub"), (.admin, "@admin"),
    (.fast, "@fast"), (.slow, "@slow"), (.blocking, "@blocking"), (.dangerous, "@dangerous"),
    (.connection, "@connection"), (.transaction, "@transaction"), (.scripting, "@scripting"), (.version, "@version"),
  ]
}

/// As `COMMAND DOCS` names them.
public enum CommandGroup: String, Sendable {
  case generic, string, list, set, hash, pubsub, transactions, connection, server, scripting, hyperloglog, cluster, geo
  case stream, bitmap
  case sortedSet = "sorted-set"
  case version
}

/// Where a command's keys stand, and what it does with them. Source: https://redis.io/docs/reference/key-specs/.
public struct KeySpecification: Sendable {
  public enum Begin: Sendable {
    /// At this argument; the command's name is 0.
    case index(Int)
    /// Behind a keyword, looked for from an argument on (a negative one counts from the end).
    case keyword(StaticString, from: Int)
    /// Their names depend on what is stored.
    case unknown
  }

  public enum Find: Sendable {
    /// Up to the last key relative to the first (negative: from the end of the arguments), every `step`-th, and only
    /// the first 1/`limit` of them if that is not 0.
    case range(last: Int, step: Int, limit: Int)
    /// Their number stands at an argument, the first at another, both relative to the beginning.
    case count(at: Int, first: Int, step: Int)
    case unknown
  }

  public struct Access: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let readWrite = Access(rawValue: 1 << 0)
    public static let readOnly = Access(rawValue: 1 << 1)
    public static let overwrite = Access(rawValue: 1 << 2)
    public static let remove = Access(rawValue: 1 << 3)
    public static let access = Access(rawValue: 1 << 4)
    public static let update = Access(rawValue: 1 << 5)
    public static let insert = Access(rawValue: 1 << 6)
    public static let delete = Access(rawValue: 1 << 7)
    public static let notKey = Access(rawValue: 1 << 8)
    public static let incomplete = Access(rawValue: 1 << 9)
    public static let variableFlags = Access(rawValue: 1 << 10)

    public static let names: [(Access, StaticString)] = [
      (.readWrite, "RW"), (.readOnly, "RO"), (.overwrite, "OW"), (.remove, "RM"), (.access, "access"),
      (.update, "update"), (.insert, "insert"), (.delete, "delete"), (.notKey, "not_key"),
      (.incomplete, "incomplete"), (.variableFlags, "variable_flags"),
    ]
  }

  public let begin: Begin
  public let find: Find
  public let access: Access
  /// A remark that COMMAND INFO carries along.
  public let notes: StaticString?

  public init(_ begin: Begin, _ find: Find, _ access: Access, notes: StaticString? = nil) {
    self.begin = begin
    self.find = find
    self.access = access
    self.notes = notes
  }

  /// One key.
  public static func one(_ access: Access, at index: Int = 1) -> KeySpecification {
    KeySpecification(.index(index), .range(last: 0, step: 1, limit: 0), access)
  }

  /// All arguments from `index` on, or every `step`-th of them.
  public static func all(_ access: Access, from index: Int = 1, step: Int = 1) -> KeySpecification {
    KeySpecification(.index(index), .range(last: -1, step: step, limit: 0), access)
  }
}
