internal import VersionedStore

/// Who is subscribed to which name, in the order of subscription.
struct SubscriberTable {
  private var subscribers: [ChannelName: [Session]] = [:]

  var isEmpty: Bool { subscribers.isEmpty }
  /// Names that have a subscriber.
  var count: Int { subscribers.count }

  /// The session is not subscribed to the name yet.
  mutating func add(_ session: Session, to name: ChannelName) { subscribers[name, default: []].append(session) }

  mutating func remove(_ session: Session, from name: ChannelName) {
    guard let index = subscribers.index(forKey: name) else { return }
    // From the end: who came last is the likeliest to go.
    if let place = subscribers.values[index].lastIndex(where: { $0 === session }) {
      subscribers.values[index].remove(at: place)
    }
    if subscribers.values[index].isEmpty { subscribers.remove(at: index) }
  }

  /// The subscribers as they are now: sending to one of them may end it and its subscription.
  func sessions(of name: Bytes) -> [Session] { subscribers[ChannelName(lending: name)] ?? [] }

  func forEach(_ body: (Bytes, [Session]) -> Void) {
    for (name, sessions) in subscribers { name.withBytes { body($0, sessions) } }
  }
}

/// Everybody's subscriptions.
typealias PubSub = PerKind<SubscriberTable>

extension PubSub {
  init() { self.init(SubscriberTable()) }

  /// Whether nobody would get a message, whatever the channel; those of shards are others.
  var isEmpty: Bool { channels.isEmpty && patterns.isEmpty }
}
