public import Engine
internal import RESP
internal import VersionedStore

/// MIGRATE: keys and their values handed to another server, as RESTORE takes them there. Behaviour and reply texts follow
/// Redis 7.0.
///
/// A key is deleted here only when the other server has said that it has it, in so many words: `+OK`, where Redis takes
/// everything for this that is no error. Until then it may be there too, never nowhere. Everybody waits meanwhile, up to
/// the client's timeout for each step.
///
/// Confined to the serving thread: Sendable only because handlers of commands are, which run there too.
public final class SnapshotMigrations: @unchecked Sendable {
  /// Connects to a server; nil if there is none of this name. One that does not answer is seen when it is written to. Set
  /// by what runs the server.
  public var connect: (_ host: [UInt8], _ port: Int32, _ timeoutMilliseconds: Int64) -> (any MigrationLink)? = {
    _, _, _ in preconditionFailure("nobody connects")
  }
  private var links = MigrationLinks()

  public init() {}

  /// To be called when the server starts.
  public func attach(to engine: Engine) {
    engine.keptMigrationLinks = { [self] in links.count }
    engine.cronTasks.append { [self] engine in links.closeIdle(nowSeconds: engine.keyspace.now / 1000) }
  }

  public var command: Command {
    Command(
      "migrate", arity: .atLeast(6), flags: [.write, .movableKeys], categories: [.keyspace, .dangerous],
      keys: [
        .one([.readWrite, .access, .delete], at: 3),
        KeySpecification(
          .keyword("KEYS", from: -2), .range(last: -1, step: 1, limit: 0),
          [.readWrite, .access, .delete, .incomplete]),
      ],
      group: .generic, since: "2.6.0",
      complexity: "That of DUMP and DEL here and of RESTORE there, and O(N) for the N bytes on the way.",
      "Hands keys with their values to another server.",
      .write { [self] call, edit throws(CommandError) in try run(&call, edit) })
  }

  /// What is on its way.
  private struct Cargo {
    let request: MigrationRequest
    /// The RESTOREs of the keys, in this order.
    let query: MigrationQuery
    var keys: [Key] = []
  }

  private func run(_ call: inout Call, _ edit: Edit) throws(CommandError) {
    let request = try MigrationRequest(&call)
    var cargo = Cargo(request: request, query: MigrationQuery())
    defer { cargo.query.queue.deallocate() }
    for index in request.keys {
      let key = call.key(index)
      guard let entry = edit.read(key) else { continue }
      var timeToLive: Int64 = 0
      if let expiry = entry.expiry {
        guard expiry >= call.now else { continue }
        timeToLive = max(expiry - call.now, 1)
      }
      do throws(SnapshotWriteFailure) {
        try cargo.query.restore(
          key.bytes, entry, timeToLive: timeToLive, replaces: request.replaces, edit.settings)
      } catch {
        throw call.refuse("ERR can't dump: \(error)")
      }
      cargo.keys.append(key)
    }
    guard !cargo.keys.isEmpty else { return call.reply.simpleString("NOKEY") }
    var removed: [Key] = []
    defer { tell(removed, edit) }
    // A kept connection may have been closed since it was last used.
    do throws(Failure) {
      do throws(Failure) {
        try hand(cargo, edit, now: call.now, removed: &removed)
      } catch {
        guard error.mayTryAgain else { throw error }
        try hand(cargo, edit, now: call.now, removed: &removed)
      }
    } catch {
      let text = error.reply
      unsafe call.reply.error(text.span.bytes)
      throw .answered
    }
    call.reply.ok()
  }

  /// To others it is the removal of the keys that are elsewhere now.
  private func tell(_ removed: [Key], _ edit: Edit) {
    guard !removed.isEmpty else { return }
    edit.tellInstead(count: 1 + removed.count) { writer in
      writer.bulk("DEL")
      for key in removed { writer.bulk(key.bytes) }
    }
  }

  private enum Failure: Error {
    case connecting
    case writing(MigrationLinkFailure)
    /// `isFirst`: not a single answer has come.
    case reading(MigrationLinkFailure, isFirst: Bool)
    /// What the other server has answered.
    case refused([UInt8])

    /// Nothing was confirmed so far, and time is not what was short.
    var mayTryAgain: Bool {
      switch self {
      case .writing(.closed), .reading(.closed, isFirst: true): true
      default: false
      }
    }

    var reply: [UInt8] {
      switch self {
      case .connecting: Array("IOERR error or timeout connecting to the client".utf8)
      case .writing: Array("IOERR error or timeout writing to target instance".utf8)
      case .reading: Array("IOERR error or timeout reading to target instance".utf8)
      case .refused(let answer): Array("ERR Target instance replied with error: ".utf8) + answer
      }
    }
  }

  // MARK: One attempt

  /// The connection to the server that is meant: the one that was kept, or a new one.
  private func link(_ request: MigrationRequest, now: Int64) throws(Failure) -> MigrationLinks.Kept {
    if let kept = links[request.target] { return kept }
    let link = connect(Array(request.host), request.portNumber, request.timeoutMilliseconds)
    guard let link else { throw .connecting }
    return MigrationLinks.Kept(link: link, database: nil, lastUseSeconds: 0)
  }

  private func hand(_ cargo: Cargo, _ edit: Edit, now: Int64, removed: inout [Key]) throws(Failure) {
    let (request, target) = (cargo.request, cargo.request.target)
    var kept = try link(request, now: now)
    kept.lastUseSeconds = now / 1000
    // Only what has ended well, and is known to be in step, is kept.
    links.close(target)
    let preliminaries = try send(cargo, over: kept)
    var refusal: [UInt8]?
    for _ in 0..<preliminaries {
      let answer = try read(kept.link, request, isFirst: true)
      refusal = refusal ?? self.refusal(answer)
    }
    let isRefusedAtOnce = refusal != nil
    for (number, key) in cargo.keys.enumerated() {
      let answer: [UInt8]
      do throws(Failure) {
        answer = try read(kept.link, request, isFirst: number == 0)
      } catch {
        // What has been refused is told rather than that the connection ended behind it.
        if let refusal { throw .refused(refusal) }
        throw error
      }
      let own = self.refusal(answer)
      refusal = refusal ?? own
      // An answer to RESTORE counts for nothing where the password or the database were refused.
      if own == nil, !isRefusedAtOnce, !request.copies, edit.remove(key) {
        edit.changed(key, .generic("del"))
        removed.append(key)
      }
    }
    kept.database = refusal == nil ? request.database : nil
    links.keep(kept, target)
    if let refusal { throw .refused(refusal) }
  }

  /// Sends all, and answers with the number of commands that go before those of the keys.
  private func send(_ cargo: Cargo, over kept: MigrationLinks.Kept) throws(Failure) -> Int {
    let (request, first) = (cargo.request, MigrationQuery())
    defer { first.queue.deallocate() }
    var count = 0
    if let password = request.password {
      first.command([Array("AUTH".utf8)] + (request.username.map { [Array($0)] } ?? []) + [Array(password)])
      count += 1
    }
    if kept.database != request.database {
      first.command([Array("SELECT".utf8), Array("\(request.database)".utf8)])
      count += 1
    }
    do throws(MigrationLinkFailure) {
      for queue in [first.queue, cargo.query.queue] where queue.count > 0 {
        try kept.link.send(queue.bytes, timeoutMilliseconds: request.timeoutMilliseconds)
      }
    } catch {
      throw .writing(error)
    }
    return count
  }

  private func read(
    _ link: any MigrationLink, _ request: MigrationRequest, isFirst: Bool
  ) throws(Failure) -> [UInt8] {
    do throws(MigrationLinkFailure) {
      let answer = try link.readLine(timeoutMilliseconds: request.timeoutMilliseconds)
      guard let sign = answer.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else {
        // It does not speak as a server should: what else it says cannot be told apart from answers.
        throw MigrationLinkFailure.closed
      }
      return answer
    } catch {
      throw .reading(error, isFirst: isFirst)
    }
  }

  /// What an answer says other than that all is well.
  private func refusal(_ answer: [UInt8]) -> [UInt8]? {
    answer.elementsEqual("+OK".utf8) ? nil : Array(answer.dropFirst().prefix(Self.quotedByteCount))
  }

  /// Of what the other server says so much is passed on.
  private static let quotedByteCount = 1022
}
