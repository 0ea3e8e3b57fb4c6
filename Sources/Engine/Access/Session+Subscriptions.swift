extension Session {
  /// What it is subscribed to.
  var subscribedNames: [(name: ChannelName, isPattern: Bool)] {
    SubscriptionKind.allCases.flatMap { kind in
      subscriptions[kind].inOrder.map { (name: $0, isPattern: kind == .pattern) }
    }
  }
}
