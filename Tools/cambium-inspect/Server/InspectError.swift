/// Why a command of this tool could not be carried out.
enum InspectError: Error, Equatable, CustomStringConvertible {
  /// No connection to the server; what the system says about it.
  case unreachable(host: String, port: Int, reason: String)
  /// The connection broke in the middle.
  case disconnected(reason: String)
  /// The server answered with this error.
  case refused(String)
  /// The reply is not of the form that the command has.
  case unexpectedReply(to: String)
  /// The user has to be asked, and there is no terminal to ask at.
  case unconfirmed

  var description: String {
    switch self {
    case .unreachable(let host, let port, let reason): "cannot connect to \(host):\(port): \(reason)"
    case .disconnected(let reason): "the connection to the server broke: \(reason)"
    case .refused(let text): "the server says: \(text)"
    case .unexpectedReply(let command): "the server's reply to \(command) cannot be understood; is it a Cambium server?"
    case .unconfirmed: "not a terminal, so nobody can be asked; --yes goes ahead without asking"
    }
  }
}
