public import Engine
public import VersionedStore

/// Puts the engine behind the transport: connections there are sessions here.
public final class EngineHost: ServingEngine, SessionTransport {
  public let engine: Engine
  private var transport: (any ServingTransport)?
  /// By connection slot.
  private var sessions: [Session?] = []

  public init(_ engine: Engine) {
    self.engine = engine
    engine.transport = self
  }

  // MARK: What the transport tells

  public func attach(_ transport: any ServingTransport) { self.transport = transport }

  public func open(_ id: ConnectionID, _ info: ConnectionInfo, nowMicroseconds: Int64) -> Admission {
    if let refusal = refusal(info) {
      engine.statistics.connectionsRejected += 1
      return .refused(Array(refusal.utf8))
    }
    let session = engine.open(PeerAddress(info), now: nowMicroseconds / 1000)
    session.slot = id.slot
    while sessions.count <= id.slot { sessions.append(nil) }
    sessions[id.slot] = session
    return .accepted
  }

  public func hasRoom(for count: Int) -> Bool {
    if engine.sessions.count + count <= engine.settings.maxclients { return true }
    engine.statistics.connectionsRejected += 1
    return false
  }

  private func refusal(_ info: ConnectionInfo) -> String? {
    if engine.sessions.count >= engine.settings.maxclients { return "-ERR max number of clients reached\r\n" }
    if engine.settings.protectedMode, engine.users.defaultUser.needsNoPassword, !info.isUnixSocket, !info.isLocal {
      return Self.protectedModeText
    }
    return nil
  }

  private static let protectedModeText =
    "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the "
    + "default user. In this mode connections are only accepted from the loopback interface. To let other hosts "
    + "in, set a password (requirepass), or turn protected mode off with 'CONFIG SET protected-mode no' from this "
    + "host and in the configuration file.\r\n"

  public func receive(_ bytes: Bytes, from id: ConnectionID) {
    guard let session = sessions[id.slot] else { return }
    engine.receive(bytes, from: session)
  }

  /// The peer has said its last; what it asked is still answered.
  public func peerClosed(_ id: ConnectionID) {
    guard let session = sessions[id.slot] else { return }
    engine.finish(session)
  }

  public func tick(nowMicroseconds: Int64) {
    engine.tick(nowMicroseconds: nowMicroseconds)
    if engine.wantsTick { transport?.requestTick() }
    requestDeadlineTick()
  }

  public func cron(nowMicroseconds: Int64) {
    engine.cron(nowMicroseconds: nowMicroseconds)
    if engine.wantsTick || engine.hasWork { transport?.requestTick() }
    requestDeadlineTick()
  }

  private func requestDeadlineTick() {
    guard let deadline = engine.nextDeadline else { return }
    // A tick that comes too early asks again; a deadline may lie further ahead than a timer can be set.
    let limit = engine.nowMicroseconds / 1000 + 60_000
    transport?.requestTick(atMicroseconds: min(deadline, limit) * 1000)
  }

  public func drained(_ id: ConnectionID, unsent: Int) {
    guard let session = sessions[id.slot] else { return }
    engine.drained(session, unsent: unsent)
  }

  public func closed(_ id: ConnectionID) {
    guard let session = sessions[id.slot] else { return }
    sessions[id.slot] = nil
    // The number is free for another connection, to which nothing of this one may go.
    session.slot = -1
    engine.peerClosed(session)
  }

  // MARK: What the engine asks

  public func send(_ bytes: Bytes, to session: Session) {
    guard let transport, session.slot >= 0 else { return }
    session.unsentByteCount = transport.flush(ConnectionID(slot: session.slot), bytes)
  }

  public func close(_ session: Session, afterOutput: Bool) {
    guard let transport, session.slot >= 0 else { return }
    let id = ConnectionID(slot: session.slot)
    if afterOutput { transport.close(id) } else { transport.abort(id) }
  }

  public func wake() { transport?.requestTick() }
}
