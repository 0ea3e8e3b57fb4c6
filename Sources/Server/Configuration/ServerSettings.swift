/// What only the process around the engine reads of the configuration: sockets, files, logs, start and stop.
///
/// Confined to the serving loop, as `Settings` is; before that to the thread that starts the server.
final class ServerSettings {
  // MARK: Sockets

  /// Addresses to listen on; one that begins with `-` may be missing on this host, `*` and `::*` mean all.
  var bind = ["*", "-::*"]
  /// TCP port; 0 opens none.
  var port = 6379
  /// Length of the queue of connections that the kernel has accepted and the server has not.
  var tcpBacklog = 511
  /// Seconds of silence before the kernel probes a peer; 0 turns the probes off.
  var tcpKeepalive = 300
  var unixsocket: String?
  /// File mode of the unix socket; 0 leaves what the umask gives.
  var unixsocketperm = 0
  var tls = TLSSettings()

  /// The port by which the server goes: that for TLS where there is no other.
  var mainPort: Int { port == 0 ? tls.port : port }

  // MARK: Commands

  /// What `rename-command` says, in the order of the lines.
  var renamedCommands: [RenamedCommand] = []
  // MARK: Access

  /// The file of users; nil keeps them in the configuration file.
  var aclfile: String?

  // MARK: Process

  var daemonize = false
  var supervised = Supervision.no
  var pidfile: String?
  var alwaysShowLogo = false
  var oomScoreAdj = OOMScore.Mode.no
  /// For a primary, a replica, and a process that saves in the background, which this server does not have.
  var oomScoreAdjValues = [0, 200, 800]
  var shutdownOnSigterm: [ShutdownFlag] = [.default]
  var shutdownOnSigint: [ShutdownFlag] = [.default]

  // MARK: Logs

  /// Empty writes to standard output.
  var logfile = ""
  var loglevel = LogThreshold.notice
}

/// A line with `rename-command`. Whether the names will do is known when the table of commands is made.
struct RenamedCommand {
  let old: [UInt8]
  /// Empty takes the command away.
  let new: [UInt8]
  let line: Int
  let text: String
}

/// Who watches over the process.
enum Supervision: String, CaseIterable {
  case systemd
  /// systemd if it left the address of its socket in the environment.
  case auto
  case no
}

/// What a signal to stop asks for beyond stopping.
enum ShutdownFlag: String, CaseIterable {
  case `default`, save, nosave, now, force
}

/// The least level that is logged (`loglevel`); `nothing` turns the log off.
enum LogThreshold: String, CaseIterable {
  case debug, verbose, notice, warning, nothing
}
