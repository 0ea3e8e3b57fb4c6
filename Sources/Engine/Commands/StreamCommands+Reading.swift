internal import RESP
internal import Values
internal import VersionedStore

/// XREAD and XREADGROUP.
extension StreamCommands {
  /// What a client wants to read.
  private struct Request {
    var limit: Int64 = .max
    /// Until when to wait for something to read; nil for not at all.
    var deadline: Int64?
    var isSilent = false
    /// Where the group's name stands, behind it the consumer's.
    var group: Int?
    /// Where the keys begin, and how many there are; the ids follow.
    var first = 0
    var count = 0

    init(_ call: inout Call, forGroup: Bool) throws(CommandError) {
      var index = 1
      while index < call.count {
        let left = call.count - index - 1
        if call.matches(index, "block"), left > 0 {
          if call.keyspace.nesting.contains(.script) {
            throw call.refuse("ERR ", call[0], " command is not allowed with BLOCK option from scripts")
          }
          index += 1
          deadline = try call.deadline(milliseconds: index)
        } else if call.matches(index, "count"), left > 0 {
          index += 1
          let count = try call.integer(index)
          limit = count <= 0 ? .max : count
        } else if call.matches(index, "streams"), left > 0 {
          first = index + 1
          guard (call.count - first) % 2 == 0 else {
            throw call.refuse(
              "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.")
          }
          count = (call.count - first) / 2
          break
        } else if call.matches(index, "group"), left >= 2 {
          guard forGroup else {
            throw call.refuse("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.")
          }
          group = index + 1
          index += 2
        } else if call.matches(index, "noack") {
          guard forGroup else {
            throw call.refuse("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.")
          }
          isSilent = true
        } else {
          throw .syntax
        }
        index += 1
      }
      guard first > 0 else { throw .syntax }
      if forGroup, group == nil { throw call.refuse("ERR Missing GROUP option for XREADGROUP") }
    }
  }

  static let xread = Command(
    "xread", arity: .atLeast(4), flags: [.readOnly, .blocking, .movableKeys], categories: [.stream],
    keys: [KeySpecification(.keyword("STREAMS", from: 1), .range(last: -1, step: 1, limit: 2), [.readOnly, .access])],
    group: .stream, since: "5.0.0", complexity: "O(N) for N entries of the answer.",
    "Answers with the entries of several streams from ids on.",
    .read { call, view throws(CommandError) in
      let request = try Request(&call, forGroup: false)
      var ids: [StreamID] = []
      for index in request.first + request.count..<call.count {
        let stream = try view.stream(call.key(index - request.count))
        if call[index] == Bytes("$") {
          ids.append(stream?.lastID ?? .least)
        } else if call[index] == Bytes(">") {
          throw call.refuse(
            "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.")
        } else {
          ids.append(try call.streamID(index))
        }
      }
      let header = call.reply.beginDeferred()
      var count = 0
      for (index, id) in ids.enumerated() {
        let key = call.key(request.first + index)
        guard let stream = try view.stream(key), stream.count > 0, stream.lastLiveID > id, let first = id.successor
        else { continue }
        count += 1
        if call.reply.version == .resp2 { call.reply.arrayHeader(2) }
        call.reply.bulk(key.bytes)
        answer(&call, stream, first, .greatest, limit: request.limit, isReversed: false)
      }
      if count > 0 { return end(&call, header, count) }
      // A version stays as it is: nothing will ever come.
      guard let deadline = request.deadline, view.isLive else { return call.reply.nullArray() }
      wait(&call, request, ids, until: deadline)
    })

  /// Closes the array of streams.
  private static func end(_ call: inout Call, _ header: DeferredHeader, _ count: Int) {
    if call.reply.version == .resp2 {
      call.reply.endArray(header, count: count)
    } else {
      call.reply.endMap(header, count: count)
    }
  }

  private static func wait(_ call: inout Call, _ request: Request, _ ids: [StreamID], until deadline: Int64) {
    let reading = Reading(
      ids: ids, first: request.first, limit: request.limit == .max ? Reading.usualLimit : request.limit,
      group: request.group, isSilent: request.isSilent)
    call.wait(for: request.first..<request.first + request.count, .stream(reading), until: deadline)
  }

  static let xreadgroup = Command(
    "xreadgroup", arity: .atLeast(7), flags: [.write, .blocking, .movableKeys], categories: [.stream],
    keys: [KeySpecification(.keyword("STREAMS", from: 4), .range(last: -1, step: 1, limit: 2), [.readOnly, .access])],
    group: .stream, since: "5.0.0", complexity: "O(M) for M entries of the answer.",
    "Answers with entries of several streams for a consumer of a group.",
    .write { call, edit throws(CommandError) in
      edit.effects.replaceCommand()
      let request = try Request(&call, forGroup: true)
      guard let group = request.group else { throw .syntax }
      // Nil for what the group has not delivered yet.
      var ids: [StreamID?] = []
      for index in request.first + request.count..<call.count {
        let key = call.key(index - request.count)
        guard try edit.readStream(key, counted: true)?.group(call[group], call.key(group).hash) != nil else {
          throw call.refuseGroup(
            index - request.count, group, "consumer group", " in XREADGROUP with GROUP option")
        }
        if call[index] == Bytes("$") {
          throw call.refuse(
            "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set."
          )
        }
        let id = call[index] == Bytes(">") ? nil : try call.streamID(index)
        // The greatest id is what Redis itself takes `>` for.
        ids.append(id == .greatest ? nil : id)
      }
      let header = call.reply.beginDeferred()
      var count = 0
      for (index, id) in ids.enumerated() {
        let key = call.key(request.first + index)
        guard let reader = try edit.readStream(key, counted: true),
          let state = reader.group(call[group], call.key(group).hash),
          id != nil || reader.count > 0 && reader.lastLiveID > state.lastID
        else { continue }
        count += 1
        if call.reply.version == .resp2 { call.reply.arrayHeader(2) }
        call.reply.bulk(key.bytes)
        try read(
          &call, edit, key, group: group, from: id, limit: request.limit, isSilent: request.isSilent)
      }
      if count > 0 { return end(&call, header, count) }
      guard let deadline = request.deadline else { return call.reply.nullArray() }
      // Whoever waits, waits for what the group has not delivered by then.
      wait(&call, request, [], until: deadline)
    })

  /// Answers with entries of one stream for the consumer whose name stands behind the group's, at argument `group`: those
  /// from behind `id` on that were delivered to it, or, without an id, what the group has not delivered yet.
  static func read(
    _ call: inout Call, _ edit: Edit, _ key: Key, group: Int, from id: StreamID?, limit: Int64, isSilent: Bool
  ) throws(CommandError) {
    let stream = try edit.stream(key)
    guard let editor = stream.group(call[group]) else { return call.reply.arrayHeader(0) }
    let consumer = editor.touchConsumer(call[group + 1], seen: call.now)
    if consumer.isNew { edit.changedGroup(key, "xgroup-createconsumer") }
    edit.changed()
    // As later versions of Redis do, and 7.0 does not, the position is told too: how many entries were read does not follow
    // from what is pending. So is what a look at the past changes.
    let deliveries = deliveries(edit, key, call[group], editor)
    let name = call[group + 1]
    if let id {
      let records = history(&call, stream, editor, name, from: id, limit)
      if consumer.isNew { deliveries?.tellConsumer(name) }
      for record in records { deliveries?.tellPending(record, of: name, last: editor.reader.lastID) }
    } else {
      let ids = deliver(&call, stream, editor, consumer.number, limit, isSilent: isSilent)
      // Else it comes with the first entry that it is given.
      if consumer.isNew, isSilent || ids.isEmpty { deliveries?.tellConsumer(name) }
      guard !ids.isEmpty, let deliveries else { return }
      if !isSilent {
        for id in ids {
          deliveries.tellPending(
            .init(id: id, delivered: call.now, count: 1, consumer: consumer.number), of: name, last: id)
        }
      }
      deliveries.tellPosition()
    }
  }

  static func deliveries(_ edit: Edit, _ key: Key, _ group: Bytes, _ editor: StreamGroupEditor) -> StreamDeliveries? {
    StreamDeliveries(edit, key: key.bytes, group: group, editor)
  }

  /// What has not been delivered to the group yet. Returns the ids.
  private static func deliver(
    _ call: inout Call, _ stream: StreamEditor, _ group: StreamGroupEditor, _ consumer: UInt64, _ limit: Int64,
    isSilent: Bool
  ) -> [StreamID] {
    let reader = stream.reader
    let start = group.reader.lastID
    var (last, entriesRead) = (start, group.reader.entriesRead)
    var ids: [StreamID] = []
    let header = call.reply.beginDeferred()
    if let first = start.successor {
      reader.forEach(from: first, through: .greatest) { entry in
        call.reply.streamEntry(entry)
        if let read = entriesRead, !reader.hasDeleted(from: entry.id) {
          // A restored group may claim any number. What no command can say is unknown, here as elsewhere.
          entriesRead = read < Int64.max ? read + 1 : nil
        } else if reader.added > 0 {
          entriesRead = reader.distance(to: entry.id)
        }
        last = entry.id
        ids.append(entry.id)
        return ids.count < limit
      }
    }
    call.reply.endArray(header, count: ids.count)
    group.setPosition(last, entriesRead: entriesRead)
    guard !isSilent else { return ids }
    for id in ids {
      group.setPending(.init(id: id, delivered: call.now, count: 1, consumer: consumer))
    }
    return ids
  }

  /// What was delivered to the consumer and not acknowledged, from behind an id on. Returns what is pending otherwise now:
  /// since another time, and delivered once more.
  private static func history(
    _ call: inout Call, _ stream: StreamEditor, _ group: StreamGroupEditor, _ consumer: Bytes, from id: StreamID,
    _ limit: Int64
  ) -> [PendingList.Record] {
    var ids: [StreamID] = []
    var records: [PendingList.Record] = []
    if let first = id.successor {
      group.reader.consumer(consumer, call.key(consumer).hash)?.pending.forEach(from: first) { record in
        ids.append(record.id)
        return ids.count < limit
      }
    }
    call.reply.arrayHeader(ids.count)
    for id in ids {
      var isThere = false
      stream.reader.forEach(from: id, through: id) { entry in
        call.reply.streamEntry(entry)
        isThere = true
        return false
      }
      guard isThere else {
        call.reply.arrayHeader(2)
        call.reply.streamID(id)
        call.reply.nullArray()
        continue
      }
      if var record = group.reader.pending.find(id) {
        record.delivered = call.now
        record.count &+= 1
        group.setPending(record)
        records.append(record)
      }
    }
    return records
  }
}
