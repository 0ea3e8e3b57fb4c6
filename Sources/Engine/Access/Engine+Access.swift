internal import Values
public import VersionedStore

/// What users may do, asked before a command runs.
///
/// While a session's user may do everything, nothing of this runs: `Session.attention` has no `.restricted` then.
extension Engine {
  /// Why `user` may not run a command with these arguments; nil if he may. Nothing is written to ACL LOG.
  public func denial(
    of user: User, _ record: Fixed<CommandRecord>, _ arguments: CommandArguments
  ) -> Denial? {
    if user.isUnrestricted { return nil }
    let channels = users.commands.channelArguments(of: record.value.id)
    var worst: Denial?
    for selector in user.rules.selectors {
      guard let denial = selector.denial(record.value, arguments, channels) else { return nil }
      if worst.map({ denial.outweighs($0) }) ?? true { worst = denial }
    }
    return worst
  }

  /// The error to answer with if the user of `session` may not run a command; nil if he may. It goes into ACL LOG, with
  /// `client` as the connection that it came from: for a script's session that of who runs the script.
  public func accessRefusal(
    _ session: Session, _ record: Fixed<CommandRecord>, _ arguments: CommandArguments, _ context: AccessContext,
    client: Session? = nil
  ) -> String? {
    guard session.attention.contains(.restricted), !session.isPrimary,
      let denial = denial(of: session.user, record, arguments)
    else { return nil }
    let object =
      denial.reason == .command ? Array(record.value.fullName.utf8) : Array(arguments[denial.argument])
    note(denial.reason, context, object: object, username: session.user.name, client ?? session)
    return denial.text(context, command: record.value.fullName)
  }

  /// Writes a denial to ACL LOG.
  func note(
    _ reason: Denial.Reason, _ context: AccessContext, object: [UInt8], username: [UInt8], _ client: Session
  ) {
    accessLog.add(
      AccessLog.Entry(
        reason: reason, context: context, object: object, username: username, time: keyspace.now,
        client: ClientLine(client, self).text),
      limit: settings.acllogMaxLen)
  }
}

// MARK: Changing users

extension Engine {
  /// Gives a user other rules, or makes him.
  func setUser(_ name: [UInt8], _ rules: UserRules, by current: Session?) {
    if let user = name.withBytes({ users.find($0) }) { endSubscriptions(of: user, losing: rules, by: current) }
    users.set(name, rules)
    usersChanged()
  }

  /// Makes this the password of the default user; nil lets everybody in (`requirepass`).
  public func setDefaultPassword(_ password: [UInt8]?) {
    users.setDefaultPassword(password)
    usersChanged()
  }

  /// What sessions may claim, and whether their commands are to be looked at, has changed.
  func usersChanged() {
    for session in sessions.values { session.updateRestriction() }
    updateLimits()
  }

  /// Ends the connections of users who are gone; that of `current` when it has its reply.
  func logOut(_ gone: [User], by current: Session?) {
    let gone = Set(gone.map { ObjectIdentifier($0) })
    guard !gone.isEmpty else { return }
    for session in Array(sessions.values) where gone.contains(ObjectIdentifier(session.user)) {
      // It gets no further commands in; still, nobody is to have rights that nobody could take from him.
      session.user = users.defaultUser
      session.isAuthenticated = false
      if session === current { closeAfterReply(session) } else { abandon(session) }
    }
  }

  /// Ends the connections of those who are subscribed, as `user`, to what he may not subscribe to under new rules.
  private func endSubscriptions(of user: User, losing rules: UserRules, by current: Session?) {
    if rules.selectors.contains(where: \.allowsAllChannels) { return }
    let patterns = rules.selectors.flatMap(\.channels)
    for session in Array(sessions.values) where session.user === user && !session.isClosing {
      let isLost = session.subscribedNames.contains { name in
        name.name.withBytes { !Selector.admits(patterns, channel: $0, isPattern: name.isPattern) }
      }
      guard isLost else { continue }
      if session === current { closeAfterReply(session) } else { abandon(session) }
    }
  }
}

extension Call {
  /// Whether the user may read all keys there are by this command: as for SORT, whose BY and GET name keys that are made of
  /// what is stored.
  var mayReadEveryKey: Bool {
    guard session.attention.contains(.restricted), !session.user.isUnrestricted else { return true }
    let arguments = arguments(from: 0)
    return session.user.rules.selectors.contains {
      $0.allowsOfEveryKey(.read) && $0.denial(command.value, arguments, nil) == nil
    }
  }
}
