internal import RESP
internal import VersionedStore

/// Messages: from a channel to those who are subscribed to it, in the order of subscription, then to those who are
/// subscribed to a pattern that its name matches.
extension Engine {
  /// Sends a message to all subscribers of a channel. Returns how many there are.
  @discardableResult
  func publish(_ channel: Bytes, _ text: Bytes) -> Int {
    guard !pubSub.isEmpty else { return 0 }
    var count = send("message", channel, text, to: pubSub.channels.sessions(of: channel))
    let patterns = pubSub.patterns
    patterns.forEach { pattern, sessions in
      guard Glob.matches(pattern, channel) else { return }
      count += sessions.count
      send(to: sessions) { writer in
        writer.pushHeader(4)
        writer.bulk("pmessage")
        writer.bulk(pattern)
        writer.bulk(channel)
        writer.bulk(text)
      }
    }
    return count
  }

  /// The same for a channel of a shard. A server that is no cluster is one shard.
  func publishInShard(_ channel: Bytes, _ text: Bytes) -> Int {
    send("smessage", channel, text, to: pubSub.shardChannels.sessions(of: channel))
  }

  /// How many a message on a channel would be sent to: what `publish` returns.
  func subscriberCount(of channel: Bytes) -> Int {
    guard !pubSub.isEmpty else { return 0 }
    var count = pubSub.channels.sessions(of: channel).count
    pubSub.patterns.forEach { pattern, sessions in
      if Glob.matches(pattern, channel) { count += sessions.count }
    }
    return count
  }

  /// Sends the message of PUBLISH or its like when it is certain that what the transaction or script around it did stays: a
  /// message cannot be taken back.
  func publishWhenKept(_ call: borrowing Call, _ publish: @escaping (Engine, _ channel: Bytes, _ text: Bytes) -> Void) {
    let (channel, text) = (Array(call[1]), Array(call[2]))
    whenKept { engine in
      channel.withBytes { channel in text.withBytes { publish(engine, channel, $0) } }
    }
  }

  private func send(_ kind: StaticString, _ channel: Bytes, _ text: Bytes, to sessions: [Session]) -> Int {
    send(to: sessions) { writer in
      writer.pushHeader(3)
      writer.bulk(kind)
      writer.bulk(channel)
      writer.bulk(text)
    }
    return sessions.count
  }

  private func send(to sessions: [Session], _ write: (inout ReplyWriter) -> Void) {
    guard !sessions.isEmpty else { return }
    Message.with(messageScratch, write) { message in
      for session in sessions { deliver(message.bytes(session.version), to: session) }
    }
  }

  /// Publishes what happened to a key, if the configuration asks for it: the event on the channel of the key, and the key
  /// on the channel of the event.
  func publish(_ event: KeyspaceEvent, _ database: Int, _ key: Bytes) {
    let wanted = settings.notifiedEvents
    guard wanted.contains(event.kind), !pubSub.isEmpty else { return }
    let name = Bytes(event.name)
    if wanted.contains(.keyspace) { publish(key: key, name, "__keyspace@", database) }
    if wanted.contains(.keyevent) { publish(key: name, key, "__keyevent@", database) }
  }

  private func publish(key subject: Bytes, _ text: Bytes, _ prefix: StaticString, _ database: Int) {
    let channel = Array(Bytes(prefix)) + Array("\(database)__:".utf8) + Array(subject)
    channel.withBytes { _ = publish($0, text) }
  }

  /// Nobody pays for events that nobody would get. To be called when the configuration or the subscriptions have changed.
  func updateEventInterest() {
    let isWanted = !settings.notifiedEvents.isDisjoint(with: [.keyspace, .keyevent])
    keyspace.hot.value.interest.set(.published, isWanted && !pubSub.isEmpty)
  }

  /// Whether writing has to be told to somebody, for events of keys.
  public var publishesEvents: Bool { keyspace.hot.value.interest.contains(.published) }
}

/// What is sent to a session that has not asked for it.
extension Engine {
  /// Sends a message to a session. It is not kept back by CLIENT REPLY. One that comes while a command of the session itself
  /// runs does not fall into the midst of the reply: it goes before a reply that has not begun, else behind it.
  func deliver(_ message: Bytes, to session: Session) {
    guard !session.isClosing else { return }
    let output = session.output
    // The client is dropped before the message takes any memory.
    let waiting = session.limitedOutput(with: message.count)
    if waiting > 0, waiting >= session.outputLimit(settings).hardOrNone { return dropForOutput(session) }
    if session.replyStart < 0 {
      output.append(message)
      markDirty(session)
      if output.count > Self.outputKept { sendEarly(session) }
    } else if output.count == session.replyStart {
      output.append(message)
      session.replyStart = output.count
      markDirty(session)
    } else {
      session.heldMessages += message
      if !keyspace.hot.value.aftermath.contains(.messages) {
        keyspace.hot.value.aftermath.insert(.messages)
        messageHolders.append(session)
      }
    }
    wakeIfIdle()
  }

  /// Sends what was held until the replies of those who caused it were written.
  func releaseHeldMessages() {
    keyspace.hot.value.aftermath.remove(.messages)
    let holders = messageHolders
    messageHolders.removeAll()
    for session in holders {
      session.heldMessages.withBytes { session.output.append($0) }
      session.heldMessages = []
      markDirty(session)
      if session.output.count > Self.outputKept { sendEarly(session) }
    }
  }
}
