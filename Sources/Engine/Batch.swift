internal import RESP
internal import VersionedStore

/// The commands that one turn of the tick has parsed and goes on to execute. Whoever made it calls `deallocate` once.
struct Batch {
  /// A command in the batch, or what a client sent in place of one.
  @safe
  struct Item {
    /// The engine's list of sessions with input keeps it alive.
    let session: Borrowed<Session>
    /// nil for an unknown command.
    let record: Fixed<CommandRecord>?
    /// Its arguments in the batch's list.
    let first: Int
    let count: Int
    /// Where it begins in the session's input.
    let start: Int
    /// Its lookup among those that went ahead, or -1.
    let probe: Int
    /// The argument whose lookup in the value at its key goes ahead too, or 0; `Command.drawn` for a random one.
    let member: Int
    /// The database that the lookup was made in.
    let database: Int
    /// Takes its share of the time of those beside it, instead of being measured by itself.
    let isBrief: Bool
    let violation: ProtocolError?

    @inline(__always)
    init(
      session: Session, record: Fixed<CommandRecord>?, first: Int, count: Int, start: Int,
      probe: Int, member: Int = 0, isBrief: Bool = true, violation: ProtocolError?
    ) {
      self.session = Borrowed(session)
      self.record = record
      self.first = first
      self.count = count
      self.start = start
      self.probe = probe
      self.member = member
      database = session.database
      self.isBrief = isBrief
      self.violation = violation
    }

    /// Whether what the client sent behind this command may be for somebody else to read, or not to be read at all.
    @inline(__always)
    var stopsParsing: Bool { record.map { !$0.value.flags.isDisjoint(with: [.noAuth, .mayWait]) } ?? false }
  }

  private let items = FixedArray([Item?](repeating: nil, count: ProbeBatch.capacity))
  private(set) var count = 0
  /// How many of them have been executed, or begun to be.
  var begun = 0
  let arguments = BytesList()

  func deallocate() {
    items.deallocate()
    arguments.deallocate()
  }

  var isEmpty: Bool { count == 0 }
  var isFull: Bool { count == items.count }

  @inline(__always)
  subscript(index: Int) -> Item {
    guard index < count, let item = items[index] else { preconditionFailure("no such command in the batch") }
    return item
  }

  @inline(__always)
  mutating func append(_ item: Item) {
    items[count] = item
    count &+= 1
  }

  /// Leaves out the commands from `count` on.
  mutating func truncate(to count: Int) {
    precondition(count <= self.count)
    self.count = count
  }

  mutating func removeAll() {
    count = 0
    arguments.removeAll()
  }
}

/// Puts a command's arguments, found in a session's input, into the batch's list.
struct BatchArguments: ArgumentSink {
  let list: BytesList
  let input: Bytes
  let first: Int

  @inline(__always)
  init(list: BytesList, input: Bytes) {
    self.list = list
    self.input = input
    first = list.count
  }

  @inline(__always)
  mutating func reset(count: Int) { list.truncate(to: first) }
  @inline(__always)
  mutating func append(offset: Int, length: Int) { list.append(input[offset..<offset &+ length]) }
  mutating func append(unescaped bytes: RawSpan) { list.append(copying: bytes) }
}

/// The reply to a name that is no command. What the client sent is quoted byte for byte, up to a zero byte.
enum UnknownCommand {
  static func text(subcommand: Bytes, of container: Bytes) -> [UInt8] {
    Array("ERR unknown subcommand '".utf8) + quoted(subcommand, limit: 128) + Array("'. Try ".utf8)
      + Array(String(decoding: container, as: UTF8.self).uppercased().utf8) + Array(" HELP.".utf8)
  }

  /// Quotes the name and as many arguments as fit, as Redis does.
  static func text(_ arguments: BytesList, first: Int, count: Int) -> [UInt8] {
    var text = Array("ERR unknown command '".utf8)
    text += quoted(arguments[first], limit: 128) + Array("', with args beginning with: ".utf8)
    var quotedCount = 0
    var index = 1
    while index < count, quotedCount < 128 {
      let argument = quoted(arguments[first + index], limit: 128 - quotedCount)
      text += [UInt8(ascii: "'")] + argument + Array("' ".utf8)
      quotedCount += argument.count + 3
      index += 1
    }
    return text
  }

  private static func quoted(_ bytes: Bytes, limit: Int) -> [UInt8] {
    Array(bytes.prefix(limit).prefix { $0 != 0 })
  }
}
