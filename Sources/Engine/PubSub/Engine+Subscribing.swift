internal import RESP
internal import VersionedStore

extension Engine {
  /// Subscribes a session, and confirms it even where it was subscribed already.
  func subscribe(_ session: Session, to name: Bytes, _ kind: SubscriptionKind, _ reply: inout ReplyWriter) {
    let kept = ChannelName(keeping: name)
    if session.subscriptions[kind].insert(kept) { pubSub[kind].add(session, to: kept) }
    subscriptionsChanged(session)
    confirm(kind.begun, name, kind, session, &reply)
  }

  /// Ends a subscription, and confirms it even where there was none.
  func unsubscribe(_ session: Session, from name: Bytes, _ kind: SubscriptionKind, _ reply: inout ReplyWriter) {
    end(session, ChannelName(lending: name), kind)
    subscriptionsChanged(session)
    confirm(kind.ended, name, kind, session, &reply)
  }

  /// Ends all subscriptions of a kind. A session without any is told so.
  func unsubscribeFromAll(_ session: Session, _ kind: SubscriptionKind, _ reply: inout ReplyWriter) {
    let names = session.subscriptions[kind].inOrder
    for name in names {
      end(session, name, kind)
      name.withBytes { confirm(kind.ended, $0, kind, session, &reply) }
    }
    subscriptionsChanged(session)
    if names.isEmpty { confirm(kind.ended, nil, kind, session, &reply) }
  }

  /// Ends all subscriptions of a session that closes or begins anew; there is nothing to confirm.
  func endSubscriptions(_ session: Session) {
    guard session.isSubscriber else { return }
    for kind in SubscriptionKind.allCases {
      for name in session.subscriptions[kind].inOrder { end(session, name, kind) }
    }
    subscriptionsChanged(session)
  }

  private func end(_ session: Session, _ name: ChannelName, _ kind: SubscriptionKind) {
    if session.subscriptions[kind].remove(name) { pubSub[kind].remove(session, from: name) }
  }

  private func subscriptionsChanged(_ session: Session) {
    session.updateSubscriberAttention()
    updateEventInterest()
  }

  /// Writes a confirmation. It is a message more than a reply: CLIENT REPLY does not keep it back.
  private func confirm(
    _ word: StaticString, _ name: Bytes?, _ kind: SubscriptionKind, _ session: Session, _ reply: inout ReplyWriter
  ) {
    func write(_ writer: inout ReplyWriter) {
      writer.pushHeader(3)
      writer.bulk(word)
      if let name { writer.bulk(name) } else { writer.null() }
      writer.integer(session.subscriptions.count(toldFor: kind))
    }
    if session.replyMode == .on { return write(&reply) }
    Message.with(messageScratch, write) { deliver($0.bytes(session.version), to: session) }
  }
}

extension Session {
  public var isSubscriber: Bool { !subscriptions.isEmpty }

  /// In RESP2 a subscriber may do little else, since messages look like replies there.
  func updateSubscriberAttention() { attention.set(.subscriber, version == .resp2 && isSubscriber) }
}
