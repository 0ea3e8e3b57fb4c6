internal import RESP
internal import Values
public import VersionedStore

/// A key with its hash.
public struct Key {
  public let bytes: Bytes
  public let hash: UInt64
  /// The lookup of the present batch that went ahead for this key, or -1.
  let probe: Int

  @inline(__always)
  init(_ bytes: Bytes, hash: UInt64, probe: Int = -1) {
    self.bytes = bytes
    self.hash = hash
    self.probe = probe
  }
}

/// One command that is being executed: its arguments, its reply, and who asks.
@safe
public struct Call {
  /// Arguments, the command's name first. For a subcommand the container's name stands before it.
  @usableFromInline let arguments: BytesList
  @usableFromInline let first: Int
  public let count: Int
  public var reply: ReplyWriter
  /// Who asks.
  public var session: Session { owner.object }
  private let owner: Borrowed<Session>
  private let databases: Borrowed<Keyspace>
  private let probes: ProbeBatch
  private let hashKey: HashKey
  public internal(set) var command: Fixed<CommandRecord>
  /// Milliseconds since 1970, the same for all commands of a batch.
  public let now: Int64
  let probe: Int

  @inline(__always)
  init(
    arguments: BytesList, first: Int, count: Int, reply: ReplyWriter, session: Session, keyspace: Keyspace,
    command: Fixed<CommandRecord>, now: Int64, probe: Int
  ) {
    self.arguments = arguments
    self.first = first
    self.count = count
    self.reply = reply
    owner = Borrowed(session)
    databases = Borrowed(keyspace)
    probes = keyspace.hot.value.probes
    hashKey = keyspace.live.hashKey
    self.command = command
    self.now = now
    self.probe = probe
  }

  var keyspace: Keyspace { databases.object }

  /// Argument `index`; it is good until the command ends.
  @inline(__always)
  public subscript(index: Int) -> Bytes {
    precondition(index < count)
    return arguments[first &+ index]
  }

  /// Argument `index` as a key.
  @inline(__always)
  public func key(_ index: Int) -> Key {
    if probe >= 0, index == command.value.firstKey {
      return Key(self[index], hash: probes.hash(probe), probe: probe)
    }
    return Key(self[index], hash: hashKey.hash(self[index]))
  }

  /// Random numbers for the one choice of a command whose `member` is `drawn`.
  var draw: SplitMix64 {
    databases.with { keyspace in
      probe >= 0 ? keyspace.hot.value.drawGenerator(probe) : SplitMix64(seed: keyspace.hot.value.random.next())
    }
  }

  /// A key that is not an argument.
  public func key(_ bytes: Bytes) -> Key { Key(bytes, hash: hashKey.hash(bytes)) }

  /// Argument `index` as a 64-bit integer in Redis's strict form.
  @inline(__always)
  public func integer(_ index: Int, or error: CommandError = .notInteger) throws(CommandError) -> Int64 {
    guard let value = Int64(text: self[index]) else { throw error }
    return value
  }

  /// Whether argument `index` is this word, in any case.
  @inline(__always)
  public func matches(_ index: Int, _ word: StaticString) -> Bool { self[index].equalsIgnoringCase(word) }

  /// Answers with an error that quotes the client, and ends the command.
  public mutating func refuse(
    _ prefix: StaticString, quoting quoted: Bytes, _ suffix: StaticString = ""
  ) -> CommandError {
    reply.error(prefix, quoting: quoted, suffix)
    return .answered
  }

  public mutating func refuse(_ text: StaticString) -> CommandError {
    reply.error(text)
    return .answered
  }

  public mutating func refuse(_ text: String) -> CommandError {
    reply.error(text)
    return .answered
  }

  mutating func refuse(_ text: [UInt8]) -> CommandError {
    unsafe reply.error(text.span.bytes)
    return .answered
  }

  /// Refuses with a text that quotes the client in several places. A quoted text ends at its first zero byte, as where
  /// Redis prints it.
  mutating func refuse(
    _ prefix: String, _ first: Bytes, _ middle: String, _ second: Bytes = Bytes(), _ suffix: String = ""
  ) -> CommandError {
    var text = Array(prefix.utf8)
    for (quoted, rest) in [(first, middle), (second, suffix)] {
      text.append(contentsOf: quoted.prefix { $0 != 0 })
      text.append(contentsOf: rest.utf8)
    }
    unsafe reply.error(text.span.bytes)
    return .answered
  }

  /// Refuses a number of arguments that the command finds wrong by itself.
  mutating func refuseArity() -> CommandError {
    refuse("ERR wrong number of arguments for '\(command.value.fullName)' command")
  }

  /// Refuses a subcommand, or a number of its arguments, that the command finds wrong by itself.
  mutating func refuseSubcommandOrArity() -> CommandError {
    let name = String(decoding: self[0], as: UTF8.self).uppercased()
    return refuse(
      "ERR unknown subcommand or wrong number of arguments for '", self[1].prefix(128), "'. Try \(name) HELP.")
  }

  /// The reply to HELP of a container command: its subcommands and what they do, a line each.
  public mutating func help(_ lines: [StaticString]) {
    let name = self[0].map { Character(UnicodeScalar($0)) }.reduce(into: "") { $0.append($1) }.uppercased()
    reply.arrayHeader(lines.count + 3)
    let title = Array("\(name) <subcommand> [<arg> [value] [opt] ...]. Subcommands are:".utf8)
    unsafe reply.simpleString(title.span.bytes)
    for line in lines { reply.simpleString(line) }
    reply.simpleString("HELP")
    reply.simpleString("    Prints this help.")
  }
}
