internal import VersionedStore

extension ReplicaLink {
  mutating func ask(_ step: HandshakeStep, _ arguments: String...) {
    ask(step, arguments.map { Array($0.utf8) })
  }

  private mutating func ask(_ step: HandshakeStep, _ arguments: [[UInt8]]) {
    state = .handshake(step)
    actions.append(.send(Request.encode(arguments)))
  }

  /// Takes bytes up to the end of a line, and hands it on. Empty lines are signs of life.
  mutating func receiveLine(_ bytes: Bytes, at now: Int64, _ body: (inout ReplicaLink, String) -> Void) -> Int {
    do {
      let (taken, line) = try line.take(bytes)
      if let line, !line.isEmpty { body(&self, String(decoding: line, as: UTF8.self)) }
      return taken
    } catch {
      fail(.replyTooLong, at: now)
      return bytes.count
    }
  }

  mutating func receive(_ reply: String, replyTo step: HandshakeStep, at now: Int64) {
    switch step {
    case .ping:
      // An old primary that wants a password has no error code for it.
      let mayContinue = ["+", "-NOAUTH", "-NOPERM", "-ERR operation not permitted"].contains { reply.hasPrefix($0) }
      guard mayContinue else { return fail(.pingRefused(reply: reply), at: now) }
      log(.notice, "Master replied to PING, replication can continue...")
      if let password = settings.password {
        ask(.authentication, [Array("AUTH".utf8)] + [settings.username, password].compactMap { $0 })
      } else {
        askInformation()
      }
    case .authentication:
      guard !reply.hasPrefix("-") else { return fail(.authenticationRefused(reply: reply), at: now) }
      askInformation()
    case .information:
      break  // not a line: see receiveInformation
    case .listeningPort:
      noteRefusal(reply, of: "REPLCONF listening-port")
      if let address = settings.announcedAddress {
        ask(.address, "REPLCONF", "ip-address", address)
      } else {
        askCapabilities()
      }
    case .address:
      noteRefusal(reply, of: "REPLCONF ip-address")
      askCapabilities()
    case .capabilities:
      noteRefusal(reply, of: "REPLCONF capa")
      askSynchronization()
    case .synchronizationSupport:
      if !reply.contains("wrong number of arguments") { findings.synchronizationRefusal = reply }
      report()
    case .synchronization:
      receiveSynchronization(reply, at: now)
    }
  }

  private mutating func askInformation() {
    information = InformationReply()
    ask(.information, "INFO")
  }

  mutating func receiveInformation(_ bytes: Bytes, at now: Int64) -> Int {
    guard var reply = information.take() else { return bytes.count }
    do {
      let taken = try reply.take(bytes)
      if let outcome = reply.outcome {
        receive(outcome, at: now)
      } else {
        information = reply
      }
      return taken
    } catch {
      fail(.replyTooLong, at: now)
      return bytes.count
    }
  }

  private mutating func receive(_ outcome: InformationReply.Outcome, at now: Int64) {
    switch outcome {
    case .text(let text, let isWhole):
      findings = PrimaryFindings(information: text, ownRunID: settings.runID)
      if !isWhole { findings.keyCount = nil }
    case .refused(let reply) where reply.hasPrefix("-NOAUTH"):
      return fail(.authenticationRefused(reply: reply), at: now)
    case .refused(let reply):
      // A user that may only replicate has no INFO. The primary then cannot be told from ourselves; that is no failure.
      findings = PrimaryFindings()
      log(.verbose, "Master does not answer INFO: \(reply)")
    }
    switch settings.purpose {
    case .replicate:
      guard !findings.isSelf else { return fail(.isSelf, at: now) }
      ask(.listeningPort, "REPLCONF", "listening-port", "\(settings.listeningPort)")
    case .probe:
      ask(.synchronizationSupport, "PSYNC")
    }
  }

  private mutating func report() {
    leave()
    actions.append(.report(.reached(findings)))
    state = .idle
  }

  /// Primaries older than a REPLCONF option refuse it, and can do without.
  private mutating func noteRefusal(_ reply: String, of request: String) {
    if reply.hasPrefix("-") { log(.notice, "(Non critical) Master does not understand \(request): \(reply)") }
  }

  private mutating func askCapabilities() {
    ask(.capabilities, "REPLCONF", "capa", "eof", "capa", "psync2", "capa", "rdb12")
  }

  private var asksToTakeOver: Bool { settings.isFailover && !isFailoverAnswered }

  private mutating func askSynchronization() {
    let failover = asksToTakeOver ? [Array("FAILOVER".utf8)] : []
    if let position {
      let next = position.offset.advanced(by: 1)
      log(.notice, "Trying a partial resynchronization (request \(position.id):\(next.rawValue)).")
      ask(.synchronization, ["PSYNC", "\(position.id)", "\(next.rawValue)"].map { Array($0.utf8) } + failover)
    } else {
      log(.notice, "Partial resynchronization not possible (no cached master)")
      ask(.synchronization, ["PSYNC", "?", "-1"].map { Array($0.utf8) } + failover)
    }
  }

  private mutating func receiveSynchronization(_ reply: String, at now: Int64) {
    if asksToTakeOver {
      isFailoverAnswered = true
      let isAccepted = reply.hasPrefix("+FULLRESYNC") || reply.hasPrefix("+CONTINUE")
      actions.append(.failoverAnswered(isAccepted: isAccepted))
    }
    let words = reply.split(separator: " ", omittingEmptySubsequences: false)
    switch words.first {
    case "+FULLRESYNC":
      guard words.count == 3, let id = ReplicationID(words[1]), let offset = Int64(words[2]),
        (0...ReplicationOffset.limit).contains(offset)
      else {
        return fail(.synchronizationMalformed(reply: reply), at: now)
      }
      beginFullSync(ReplicationPosition(id: id, offset: ReplicationOffset(rawValue: offset)))
    case "+CONTINUE":
      let id = words.count > 1 ? ReplicationID(words[1]) : position?.id
      guard let position, let id, words.count <= 2 else {
        return fail(.synchronizationMalformed(reply: reply), at: now)
      }
      log(.notice, "Successful partial resynchronization with master.")
      if id != position.id { log(.warning, "Master replication ID changed to \(id)") }
      log(.notice, "MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.")
      let resumed = ReplicationPosition(id: id, offset: position.offset)
      actions.append(.resume(resumed))
      beginStream(at: resumed, now: now)
      owesAcknowledgement = true
    case "-NOMASTERLINK", "-LOADING":
      fail(.unableYet(reply: reply), at: now)
    default:
      let isError = reply.hasPrefix("-")
      fail(isError ? .synchronizationRefused(reply: reply) : .synchronizationMalformed(reply: reply), at: now)
    }
  }
}
