internal import RESP
internal import VersionedStore

extension Engine {
  /// Lets a session in if name and password are right. There is one user, `default`; without a password every password
  /// is right.
  func authenticate(_ session: Session, user: Bytes, password: Bytes) -> Bool {
    let isRight = settings.requirepass.map { $0.withBytes { password.equalsInConstantTime($0) } } ?? true
    guard user == Bytes("default"), isRight else { return false }
    setAuthenticated(session, true)
    return true
  }

  /// What the session may claim from now on changes with it.
  func setAuthenticated(_ session: Session, _ isAuthenticated: Bool) {
    session.isAuthenticated = isAuthenticated
    session.parser.limits = limits(for: session)
  }
}

extension Bytes {
  /// Compares with a secret in a time that depends on the length of `self` alone, which the client chose: how long the
  /// answer takes tells nothing of the secret.
  func equalsInConstantTime(_ secret: Bytes) -> Bool {
    var difference = count ^ secret.count
    for index in 0..<count {
      let other = secret.isEmpty ? 0 : secret[index % secret.count]
      difference |= Int(self[index] ^ other)
    }
    return difference == 0
  }
}
