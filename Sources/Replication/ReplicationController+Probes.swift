internal import Engine
internal import RESP
internal import VersionedStore

/// A link that only looks at a primary, for a client that waits for what it finds.
struct Probe {
  enum Purpose {
    /// Follow the primary if nothing stands in the way.
    case verify
    /// Tell what there is.
    case report
  }

  let link: any RunningLink
  let purpose: Purpose
  let address: PrimaryAddress
  /// The client's session.
  let session: Int
  /// Who asks, for the log.
  let client: String
}

extension ReplicationController {
  /// Looks at a primary; the session waits meanwhile, and is answered by `report`.
  func probe(_ address: PrimaryAddress, _ purpose: Probe.Purpose, for session: Session) {
    session.isWaiting = true
    let link = openLink(plan(to: address, .probe), nil)
    probes[ObjectIdentifier(link)] = Probe(
      link: link, purpose: purpose, address: address, session: session.id, client: engine.clientLine(session))
  }

  /// What a probe has found.
  public func report(_ report: ProbeReport, from link: any RunningLink) {
    guard let probe = probes.removeValue(forKey: ObjectIdentifier(link)) else { return }
    // A client that has gone takes its wish with it.
    guard engine.sessions[probe.session]?.isWaiting == true else { return }
    let obstacle: LinkError?
    switch report {
    case .failed(let error):
      return refuse(probe, error)
    case .reached(let findings) where probe.purpose == .report:
      return engine.answer(probe.session) { $0.findings(findings) }
    case .reached(let findings):
      obstacle = findings.obstacle
    }
    if let obstacle { return refuse(probe, obstacle) }
    // What has begun since the client asked has precedence.
    if isInFailover { return engine.answer(probe.session) { $0.error(ReplicationCommands.refusalInFailover) } }
    follow(probe.address, for: probe.client)
    engine.answer(probe.session) { $0.ok() }
  }

  private func refuse(_ probe: Probe, _ error: LinkError) {
    engine.answer(probe.session) { $0.error("ERR nothing was changed: \(error)") }
  }

  func follow(_ address: PrimaryAddress, for client: String) {
    follow(address)
    engine.log(.notice, "REPLICAOF \(address.host):\(address.port) enabled (user request from '\(client)')")
  }
}

extension ReplyWriter {
  /// What REPLICAOF ... DRYRUN answers with.
  fileprivate mutating func findings(_ findings: PrimaryFindings) {
    mapHeader(7)
    bulk("run-id")
    text(findings.runID)
    bulk("replication-id")
    text(findings.replicationID)
    bulk("offset")
    number(findings.offset)
    bulk("role")
    text(findings.role)
    bulk("keys")
    number(findings.keyCount.map { Int64(clamping: $0) })
    bulk("is-self")
    integer(findings.isSelf ? 1 : 0)
    bulk("obstacle")
    text(findings.obstacle?.description)
  }

  private mutating func text(_ text: String?) {
    if let text { bulk(Array(text.utf8)) } else { null() }
  }

  private mutating func number(_ number: Int64?) {
    if let number { integer(Int(number)) } else { null() }
  }
}
