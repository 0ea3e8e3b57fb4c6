internal import Values
internal import VersionedStore

/// Browsers can be made to send HTTP to a server on their own host. Its lines would be taken for commands, so a connection
/// ends where it shows what it speaks.
extension Engine {
  func speaksAnotherProtocol(_ command: Bytes) -> Bool {
    command.equalsIgnoringCase("host:") || command.equalsIgnoringCase("post")
  }

  /// Ends the session without an answer, and says so in the log once a minute.
  func refuseProtocol(_ session: Session) {
    let minute: Int64 = 60_000
    if abs(keyspace.now - foreignProtocolLogged) > minute {
      foreignProtocolLogged = keyspace.now
      log(
        .warning,
        "Possible SECURITY ATTACK detected: a client sends POST or Host: as HTTP has them, so that commands in what follows would be executed. Its connection is closed: addr=\(session.peer.remote)"
      )
    }
    abandon(session)
  }
}
