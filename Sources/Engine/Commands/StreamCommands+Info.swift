internal import RESP
internal import Values
internal import VersionedStore

/// XINFO.
extension StreamCommands {
  static let xinfo = Command(
    "xinfo", arity: .atLeast(2), group: .stream, since: "5.0.0", complexity: "Depends on subcommand.",
    "Has subcommands that tell about streams.", subcommands: [infoStream, infoGroups, infoConsumers, infoHelp])

  static let infoHelp = Command(
    "help", arity: .exactly(2), flags: [.loading, .stale], categories: [.stream], group: .stream, since: "5.0.0",
    "Lists the subcommands.",
    .control { call, _ in
      call.help([
        "CONSUMERS <key> <groupname>", "    Show consumers of <groupname>.", "GROUPS <key>",
        "    Show the stream consumer groups.", "STREAM <key> [FULL [COUNT <count>]",
        "    Show information about the stream.",
      ])
    })

  private static func subcommand(
    _ name: StaticString, arity: Arity, _ summary: StaticString,
    _ handler: @escaping @Sendable (inout Call, ReadView, StreamReader) throws(CommandError) -> Void
  ) -> Command {
    Command(
      name, arity: arity, flags: [.readOnly], categories: [.stream], keys: [.one([.readOnly, .access], at: 2)],
      group: .stream, since: "5.0.0", summary,
      .read { call, view throws(CommandError) in
        guard let stream = try view.stream(call.key(2)) else { throw .noSuchKey }
        try handler(&call, view, stream)
      })
  }

  static let infoGroups = subcommand(
    "groups", arity: .exactly(3), "Tells about the consumer groups of a stream."
  ) { call, _, stream throws(CommandError) in
    call.reply.arrayHeader(stream.groupCount)
    for (name, group) in stream.groups {
      call.reply.mapHeader(6)
      call.reply.bulk("name")
      call.reply.bulk(name)
      call.reply.bulk("consumers")
      call.reply.integer(group.consumerCount)
      call.reply.bulk("pending")
      call.reply.integer(group.pending.count)
      call.reply.bulk("last-delivered-id")
      call.reply.streamID(group.lastID)
      progress(&call, stream, group)
    }
  }

  private static func progress(_ call: inout Call, _ stream: StreamReader, _ group: StreamGroup) {
    call.reply.bulk("entries-read")
    if let read = group.entriesRead { call.reply.count(read) } else { call.reply.null() }
    call.reply.bulk("lag")
    if stream.added == 0 {
      call.reply.integer(0)
    } else if let read = group.entriesRead, !stream.hasDeleted(from: group.lastID) {
      call.reply.count(stream.added &- read)
    } else if let distance = stream.distance(to: group.lastID) {
      call.reply.count(stream.added &- distance)
    } else {
      call.reply.null()
    }
  }

  static let infoConsumers = subcommand(
    "consumers", arity: .exactly(4), "Tells about the consumers of a group."
  ) { call, view, stream throws(CommandError) in
    guard let group = stream.group(call[3], call.key(3).hash) else {
      throw call.refuse("NOGROUP No such consumer group '", call[3], "' for key name '", call[2], "'")
    }
    call.reply.arrayHeader(group.consumerCount)
    for (name, consumer) in group.consumers {
      call.reply.mapHeader(3)
      call.reply.bulk("name")
      call.reply.bulk(name)
      call.reply.bulk("pending")
      call.reply.integer(consumer.pending.count)
      call.reply.bulk("idle")
      call.reply.integer(Int(max(view.now &- consumer.seenMilliseconds, 0)))
    }
  }

  static let infoStream = subcommand(
    "stream", arity: .atLeast(3), "Tells about a stream."
  ) { call, _, stream throws(CommandError) in
    var limit: Int64 = 10
    let isFull = call.count > 3
    if isFull {
      guard call.count == 4 || call.count == 6, call.matches(3, "full"), call.count == 4 || call.matches(4, "count")
      else { throw syntax(&call, "XINFO") }
      if call.count == 6 {
        limit = try call.integer(5)
        if limit < 0 { limit = 10 }
      }
    }
    let nodes = stream.nodeCount
    call.reply.mapHeader(isFull ? 9 : 10)
    call.reply.bulk("length")
    call.reply.integer(stream.count)
    call.reply.bulk("radix-tree-keys")
    call.reply.integer(nodes)
    call.reply.bulk("radix-tree-nodes")
    call.reply.integer(nodes + 1)
    call.reply.bulk("last-generated-id")
    call.reply.streamID(stream.lastID)
    call.reply.bulk("max-deleted-entry-id")
    call.reply.streamID(stream.maxDeletedID)
    call.reply.bulk("entries-added")
    call.reply.count(stream.added)
    call.reply.bulk("recorded-first-entry-id")
    call.reply.streamID(stream.firstID)
    if isFull { return full(&call, stream, limit == 0 ? .max : limit) }
    call.reply.bulk("groups")
    call.reply.integer(stream.groupCount)
    call.reply.bulk("first-entry")
    edge(&call, stream, isLast: false)
    call.reply.bulk("last-entry")
    edge(&call, stream, isLast: true)
  }

  private static func edge(_ call: inout Call, _ stream: StreamReader, isLast: Bool) {
    guard stream.count > 0 else { return call.reply.null() }
    func meet(_ entry: StreamNode.Entry) -> Bool {
      call.reply.streamEntry(entry)
      return false
    }
    if isLast {
      stream.forEachReversed(from: .least, through: .greatest, meet)
    } else {
      stream.forEach(from: .least, through: .greatest, meet)
    }
  }

  private static func full(_ call: inout Call, _ stream: StreamReader, _ limit: Int64) {
    call.reply.bulk("entries")
    answer(&call, stream, .least, .greatest, limit: limit, isReversed: false)
    call.reply.bulk("groups")
    call.reply.arrayHeader(stream.groupCount)
    for (name, group) in stream.groups {
      call.reply.mapHeader(7)
      call.reply.bulk("name")
      call.reply.bulk(name)
      call.reply.bulk("last-delivered-id")
      call.reply.streamID(group.lastID)
      progress(&call, stream, group)
      call.reply.bulk("pel-count")
      call.reply.integer(group.pending.count)
      call.reply.bulk("pending")
      let names = group.names
      pending(&call, group, group.pending, limit) { call, record in call.reply.bulk(names[record.consumer] ?? []) }
      call.reply.bulk("consumers")
      call.reply.arrayHeader(group.consumerCount)
      for (name, consumer) in group.consumers {
        call.reply.mapHeader(4)
        call.reply.bulk("name")
        call.reply.bulk(name)
        call.reply.bulk("seen-time")
        call.reply.integer(Int(consumer.seenMilliseconds))
        call.reply.bulk("pel-count")
        call.reply.integer(consumer.pending.count)
        call.reply.bulk("pending")
        pending(&call, group, consumer.pending, limit, nil)
      }
    }
  }

  private static func pending(
    _ call: inout Call, _ group: StreamGroup, _ list: PendingList, _ limit: Int64,
    _ owner: ((inout Call, PendingList.Record) -> Void)?
  ) {
    call.reply.arrayHeader(Int(min(limit, Int64(list.count))))
    var count: Int64 = 0
    list.forEach { item in
      guard count < limit else { return false }
      let record = group.pending.find(item.id) ?? item
      call.reply.arrayHeader(owner == nil ? 3 : 4)
      call.reply.streamID(record.id)
      owner?(&call, record)
      call.reply.integer(Int(record.delivered))
      call.reply.count(record.count)
      count += 1
      return true
    }
  }
}
