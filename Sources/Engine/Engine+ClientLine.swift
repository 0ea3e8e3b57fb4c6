extension Engine {
  /// What CLIENT LIST says of a connection; log lines name clients by it.
  public func clientLine(_ session: Session) -> String { ClientLine(session, self).text }
}
