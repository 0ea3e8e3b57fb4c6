internal import RESP
internal import VersionedStore

/// Messages between clients. Behaviour and reply texts follow Redis 7.0.
enum PubSubCommands {
  static let all = [
    subscribe, unsubscribe, psubscribe, punsubscribe, ssubscribe, sunsubscribe, publish, spublish, pubsub,
  ]

  private static let subscribing: CommandFlags = [.pubsub, .noScript, .loading, .stale, .allowedToSubscribers]

  // MARK: Subscribing

  static let subscribe = subscribing(
    "subscribe", since: "2.0.0", .channel, "Has the messages of channels sent to this connection.")
  static let psubscribe = subscribing(
    "psubscribe", since: "2.0.0", .pattern,
    "Has the messages of all channels whose names match patterns sent to this connection.")
  static let ssubscribe = subscribing(
    "ssubscribe", since: "7.0.0", .shardChannel, "Has the messages of shard channels sent to this connection.")

  private static func subscribing(
    _ name: StaticString, since: StaticString, _ kind: SubscriptionKind, _ summary: StaticString
  ) -> Command {
    Command(
      name, arity: .atLeast(2), flags: subscribing, keys: kind == .shardChannel ? shardChannels : [], group: .pubsub,
      since: since, complexity: "O(N) for N names.", summary,
      .control { call, engine throws(CommandError) in
        // EXEC answers with one reply for each command. For the older two Redis makes an exception.
        if !engine.nesting.isEmpty, kind == .shardChannel || engine.nesting.contains(.script) {
          throw call.refuse("ERR \("\(name)".uppercased()) isn't allowed for a DENY BLOCKING client")
        }
        for index in 1..<call.count { engine.subscribe(call.session, to: call[index], kind, &call.reply) }
      })
  }

  static let unsubscribe = unsubscribing(
    "unsubscribe", since: "2.0.0", .channel, "Ends subscriptions to channels, to all if none is named.")
  static let punsubscribe = unsubscribing(
    "punsubscribe", since: "2.0.0", .pattern, "Ends subscriptions to patterns, to all if none is named.")
  static let sunsubscribe = unsubscribing(
    "sunsubscribe", since: "7.0.0", .shardChannel, "Ends subscriptions to shard channels, to all if none is named.")

  private static func unsubscribing(
    _ name: StaticString, since: StaticString, _ kind: SubscriptionKind, _ summary: StaticString
  ) -> Command {
    Command(
      name, arity: .atLeast(1), flags: subscribing, keys: kind == .shardChannel ? shardChannels : [], group: .pubsub,
      since: since, complexity: "O(N) for N names.", summary,
      .control { call, engine in
        if call.count == 1 { return engine.unsubscribeFromAll(call.session, kind, &call.reply) }
        for index in 1..<call.count { engine.unsubscribe(call.session, from: call[index], kind, &call.reply) }
      })
  }

  /// In a cluster, the names of shard channels say which server is to be asked, as those of keys do.
  private static let shardChannels = [
    KeySpecification(.index(1), .range(last: -1, step: 1, limit: 0), [.notKey])
  ]

  // MARK: Publishing

  static let publish = Command(
    "publish", arity: .exactly(3), flags: [.pubsub, .loading, .stale, .fast, .mayReplicate], group: .pubsub,
    since: "2.0.0", complexity: "O(N+M) for N subscribers of the channel and M patterns that anybody subscribes to.",
    "Sends a message to the subscribers of a channel and answers with their number.",
    .control { call, engine in
      engine.effects.tellCommand(.replicas)
      if engine.isUndoable {
        call.reply.integer(engine.subscriberCount(of: call[1]))
        return engine.publishWhenKept(call) { $0.publish($1, $2) }
      }
      call.reply.integer(engine.publish(call[1], call[2]))
    })

  static let spublish = Command(
    "spublish", arity: .exactly(3), flags: [.pubsub, .loading, .stale, .fast, .mayReplicate],
    keys: [KeySpecification(.index(1), .range(last: 0, step: 1, limit: 0), [.notKey])], group: .pubsub,
    since: "7.0.0", complexity: "O(N) for N subscribers of the channel.",
    "Sends a message to the subscribers of a shard channel and answers with their number.",
    .control { call, engine in
      engine.effects.tellCommand(.replicas)
      if engine.isUndoable {
        call.reply.integer(engine.pubSub.shardChannels.sessions(of: call[1]).count)
        return engine.publishWhenKept(call) { _ = $0.publishInShard($1, $2) }
      }
      call.reply.integer(engine.publishInShard(call[1], call[2]))
    })

  // MARK: Asking

  static let pubsub = Command(
    "pubsub", arity: .atLeast(2), group: .pubsub, since: "2.8.0", complexity: "Depends on subcommand.",
    "Container for commands that tell of subscriptions.",
    subcommands: [
      channels("channels", since: "2.8.0", .channel, "Answers with the channels that have subscribers."),
      help,
      patternCount,
      subscriberCounts("numsub", since: "2.8.0", .channel, "Answers with channels and their numbers of subscribers."),
      channels(
        "shardchannels", since: "7.0.0", .shardChannel, "Answers with the shard channels that have subscribers."),
      subscriberCounts(
        "shardnumsub", since: "7.0.0", .shardChannel, "Answers with shard channels and their numbers of subscribers."),
    ])

  private static let asking: CommandFlags = [.pubsub, .loading, .stale]

  /// `PUBSUB CHANNELS [pattern]`. Channels that only a pattern matches are not known by name.
  private static func channels(
    _ name: StaticString, since: StaticString, _ kind: SubscriptionKind, _ summary: StaticString
  ) -> Command {
    Command(
      name, arity: .atLeast(2), flags: asking, group: .pubsub, since: since,
      complexity: "O(N) for N channels that have subscribers.", summary,
      .control { call, engine throws(CommandError) in
        guard call.count <= 3 else {
          throw call.refuse(
            "ERR unknown subcommand or wrong number of arguments for '", call[1].prefix(128), "'. Try PUBSUB HELP.")
        }
        let pattern = call.count == 3 ? call[2] : nil
        let header = call.reply.beginDeferred()
        var count = 0
        engine.pubSub[kind].forEach { channel, _ in
          if let pattern, !Glob.matches(pattern, channel) { return }
          call.reply.bulk(channel)
          count += 1
        }
        call.reply.endArray(header, count: count)
      })
  }

  private static func subscriberCounts(
    _ name: StaticString, since: StaticString, _ kind: SubscriptionKind, _ summary: StaticString
  ) -> Command {
    Command(
      name, arity: .atLeast(2), flags: asking, group: .pubsub, since: since, complexity: "O(N) for N channels.",
      summary,
      .control { call, engine in
        call.reply.arrayHeader(2 * (call.count - 2))
        for index in 2..<call.count {
          call.reply.bulk(call[index])
          call.reply.integer(engine.pubSub[kind].sessions(of: call[index]).count)
        }
      })
  }

  private static let patternCount = Command(
    "numpat", arity: .exactly(2), flags: asking, group: .pubsub, since: "2.8.0",
    "Answers with the number of different patterns that have subscribers.",
    .control { call, engine in call.reply.integer(engine.pubSub.patterns.count) })

  private static let help = Command(
    "help", arity: .exactly(2), flags: [.loading, .stale], group: .pubsub, since: "6.2.0", "Lists the subcommands.",
    .control { call, _ in
      call.help([
        "CHANNELS [<pattern>]",
        "    List the channels that have subscribers and match <pattern> (default: '*').",
        "NUMPAT",
        "    Tell the number of different patterns that have subscribers.",
        "NUMSUB [<channel> ...]",
        "    Tell the numbers of subscribers of channels, those of patterns not counted",
        "    (default: no channels).",
        "SHARDCHANNELS [<pattern>]",
        "    List the shard channels that have subscribers and match <pattern> (default: '*').",
        "SHARDNUMSUB [<shardchannel> ...]",
        "    Tell the numbers of subscribers of shard channels.",
      ])
    })
}
