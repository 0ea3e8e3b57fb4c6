internal import RESP
internal import VersionedStore

extension Engine {
  /// Lets a session in if name and password are right. Otherwise it stays who it was, and ACL LOG has an entry that names
  /// `command`, as the client wrote it.
  func authenticate(_ session: Session, user name: Bytes, password: Bytes, command: Bytes) -> Bool {
    guard let user = users.find(name), user.rules.admits(password: password) else {
      note(
        .auth, nesting.contains(.transaction) ? .exec : .toplevel, object: Array(command), username: Array(name),
        session)
      return false
    }
    session.user = user
    session.isAuthenticated = true
    session.parser.limits = limits(for: session)
    return true
  }

  /// Makes a session one that has said nothing of who it is.
  func makeDefaultUser(_ session: Session) {
    session.user = users.defaultUser
    session.isAuthenticated = users.defaultUser.letsEverybodyIn
    session.parser.limits = limits(for: session)
  }

  /// Whether the session must authenticate before it may do anything else.
  @inline(__always)
  func needsAuthentication(_ session: Session) -> Bool {
    !session.isAuthenticated && !session.isPrimary && !users.defaultUser.letsEverybodyIn
  }
}
