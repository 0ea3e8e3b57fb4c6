/// Whom a link goes to, and how it is to behave.
public struct LinkSettings: Sendable, Equatable {
  public enum Purpose: Sendable {
    /// Replicate until stopped.
    case replicate
    /// Find out whether and what one would replicate (`VERIFY`, `DRYRUN`): the handshake without PSYNC, one report, no retry.
    case probe
  }

  public var purpose: Purpose
  public var host: String
  public var port: Int
  /// `masteruser` and `masterauth`.
  public var username: [UInt8]?
  public var password: [UInt8]?
  /// What the primary is told to list us under (`replica-announce-port` or our port, `replica-announce-ip`).
  public var listeningPort: Int
  public var announcedAddress: String?
  /// Address that the link goes out from (`bind-source-addr`); nil leaves that to the system.
  public var sourceAddress: String?
  /// Our own run ID, by which replication from oneself is found out.
  public var runID: String
  /// `repl-timeout`: silence after which the primary is taken for dead.
  public var timeoutMilliseconds: Int64 = 60_000
  /// `replica-refuse-empty`: an empty dataset does not replace one with keys.
  public var refusesEmpty = true
  /// The other end is a replica of ours that is to take over (FAILOVER), until it has answered.
  public var isFailover = false
  /// What the server can execute of the stream.
  public var commands = StreamCommands(executing: [])

  public init(purpose: Purpose, host: String, port: Int, listeningPort: Int, runID: String) {
    self.purpose = purpose
    self.host = host
    self.port = port
    self.listeningPort = listeningPort
    self.runID = runID
  }
}
