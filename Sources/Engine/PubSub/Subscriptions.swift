internal import VersionedStore

/// One of a thing for each kind of subscription.
struct PerKind<Value> {
  var channels: Value
  var patterns: Value
  var shardChannels: Value

  init(_ value: Value) {
    channels = value
    patterns = value
    shardChannels = value
  }

  subscript(kind: SubscriptionKind) -> Value {
    get {
      switch kind {
      case .channel: channels
      case .pattern: patterns
      case .shardChannel: shardChannels
      }
    }
    _modify {
      switch kind {
      case .channel: yield &channels
      case .pattern: yield &patterns
      case .shardChannel: yield &shardChannels
      }
    }
  }
}

/// Names in the order in which they were subscribed to.
struct SubscribedNames {
  private var numbers: [ChannelName: Int] = [:]
  private var next = 0

  var count: Int { numbers.count }
  var inOrder: [ChannelName] { numbers.sorted { $0.value < $1.value }.map(\.key) }

  /// Returns whether the name is new.
  mutating func insert(_ name: ChannelName) -> Bool {
    guard numbers[name] == nil else { return false }
    numbers[name] = next
    next += 1
    return true
  }

  /// Returns whether the name was there.
  mutating func remove(_ name: ChannelName) -> Bool { numbers.removeValue(forKey: name) != nil }
}

/// What one session is subscribed to.
typealias Subscriptions = PerKind<SubscribedNames>

extension Subscriptions {
  init() { self.init(SubscribedNames()) }

  var isEmpty: Bool { channels.count + patterns.count + shardChannels.count == 0 }

  /// The number that a confirmation tells: those to channels and patterns count together, those to shard channels by
  /// themselves.
  func count(toldFor kind: SubscriptionKind) -> Int {
    kind == .shardChannel ? shardChannels.count : channels.count + patterns.count
  }
}

/// What a subscription names, with the words of the messages about it.
enum SubscriptionKind: CaseIterable {
  case channel, pattern, shardChannel

  /// Confirms a subscription.
  var begun: StaticString {
    switch self {
    case .channel: "subscribe"
    case .pattern: "psubscribe"
    case .shardChannel: "ssubscribe"
    }
  }

  /// Confirms the end of one.
  var ended: StaticString {
    switch self {
    case .channel: "unsubscribe"
    case .pattern: "punsubscribe"
    case .shardChannel: "sunsubscribe"
    }
  }
}
