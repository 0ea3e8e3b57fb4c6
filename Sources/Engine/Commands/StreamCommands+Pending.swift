internal import RESP
internal import Values
internal import VersionedStore

/// XPENDING, XCLAIM and XAUTOCLAIM.
extension StreamCommands {
  static let xpending = Command(
    "xpending", arity: .atLeast(3), flags: [.readOnly], categories: [.stream], keys: [.one([.readOnly, .access])],
    group: .stream, since: "5.0.0", complexity: "O(N) for N entries of the answer.",
    "Tells what is pending for a consumer group.",
    .read { call, view throws(CommandError) in
      guard call.count == 3 || (6...9).contains(call.count) else { throw .syntax }
      var (first, last, limit, leastIdle): (StreamID, StreamID, Int64, Int64) = (.least, .greatest, 0, 0)
      var consumerIndex: Int?
      if call.count > 3 {
        var start = 3
        if call.matches(3, "idle") {
          leastIdle = try call.integer(4)
          guard call.count >= 8 else { throw .syntax }
          start = 5
        }
        limit = max(try call.integer(start + 2), 0)
        first = try call.intervalStart(start)
        last = try call.intervalEnd(start + 1)
        if start + 3 < call.count { consumerIndex = start + 3 }
      }
      guard let group = try view.stream(call.key(1))?.group(call[2], call.key(2).hash) else {
        throw call.refuseGroup(1, 2, "consumer group")
      }
      guard call.count > 3 else { return summary(&call, group) }
      var list = group.pending
      if let consumerIndex {
        guard let consumer = group.consumer(call[consumerIndex], call.key(consumerIndex).hash) else {
          return call.reply.arrayHeader(0)
        }
        list = consumer.pending
      }
      let (names, now) = (group.names, view.now)
      let header = call.reply.beginDeferred()
      var count = 0
      list.forEach(from: first) { item in
        guard item.id <= last, count < limit else { return false }
        guard let record = group.pending.find(item.id) else { return true }
        if leastIdle > 0, now &- record.delivered < leastIdle { return true }
        count += 1
        call.reply.arrayHeader(4)
        call.reply.streamID(record.id)
        call.reply.bulk(names[record.consumer] ?? [])
        call.reply.integer(Int(max(now &- record.delivered, 0)))
        call.reply.count(record.count)
        return true
      }
      call.reply.endArray(header, count: count)
    })

  private static func summary(_ call: inout Call, _ group: StreamGroup) {
    call.reply.arrayHeader(4)
    call.reply.integer(group.pending.count)
    guard let last = group.pending.last else {
      call.reply.null()
      call.reply.null()
      return call.reply.nullArray()
    }
    group.pending.forEach { record in
      call.reply.streamID(record.id)
      return false
    }
    call.reply.streamID(last.id)
    let busy = group.consumers.filter { $0.consumer.pending.count > 0 }
    call.reply.arrayHeader(busy.count)
    for (name, consumer) in busy {
      call.reply.arrayHeader(2)
      call.reply.bulk(name)
      call.reply.bulk(consumer.pending.count)
    }
  }

  private struct ClaimOptions {
    var delivered: Int64?
    var retries: UInt64?
    var forces = false
    var onlyIDs = false
    var last = StreamID.least

    init(_ call: inout Call, from first: Int) throws(CommandError) {
      var index = first
      while index < call.count {
        let hasValue = index + 1 < call.count
        if call.matches(index, "force") {
          forces = true
        } else if call.matches(index, "justid") {
          onlyIDs = true
        } else if call.matches(index, "idle"), hasValue {
          index += 1
          delivered = call.now &- (try Self.number(&call, index, "ERR Invalid IDLE option argument for XCLAIM"))
        } else if call.matches(index, "time"), hasValue {
          index += 1
          delivered = try Self.number(&call, index, "ERR Invalid TIME option argument for XCLAIM")
        } else if call.matches(index, "retrycount"), hasValue {
          index += 1
          let number = try Self.number(&call, index, "ERR Invalid RETRYCOUNT option argument for XCLAIM")
          retries = number >= 0 ? UInt64(number) : nil
        } else if call.matches(index, "lastid"), hasValue {
          index += 1
          last = try call.streamID(index)
        } else {
          throw call.refuse("ERR Unrecognized XCLAIM option '", call[index], "'")
        }
        index += 1
      }
    }

    private static func number(_ call: inout Call, _ index: Int, _ text: StaticString) throws(CommandError) -> Int64 {
      guard let number = Int64(text: call[index]) else { throw call.refuse(text) }
      return number
    }
  }

  static let xclaim = Command(
    "xclaim", arity: .atLeast(6), flags: [.write, .fast], categories: [.stream], keys: [.one([.readWrite, .update])],
    group: .stream, since: "5.0.0", complexity: "O(log(N)) for each id, with N pending.",
    "Gives pending entries to another consumer.",
    .write { call, edit throws(CommandError) in
      guard try edit.readStream(call.key(1), counted: true)?.group(call[2], call.key(2).hash) != nil else {
        throw call.refuseGroup(1, 2, "consumer group")
      }
      guard let number = Int64(text: call[4]) else {
        throw call.refuse("ERR Invalid min-idle-time argument for XCLAIM")
      }
      var ids: [StreamID] = []
      var index = 5
      while index < call.count, let id = StreamID(text: call[index], sequence: 0) {
        ids.append(id)
        index += 1
      }
      let options = try ClaimOptions(&call, from: index)
      let stream = try edit.stream(call.key(1))
      guard let group = stream.group(call[2]) else { return }
      let movesGroup = options.last > group.reader.lastID
      if movesGroup { group.setPosition(options.last, entriesRead: group.reader.entriesRead) }
      var delivered = options.delivered ?? call.now
      // The primary's clock may be ahead of ours, and what it says holds.
      if delivered < 0 || delivered > call.now && !call.session.isPrimary { delivered = call.now }
      let seen = call.session.isPrimary ? delivered : call.now
      let deliveries = deliveries(edit, call.key(1), call[2], group)
      let header = call.reply.beginDeferred()
      var (count, changes) = (0, 0)
      var isConsumerNew = false
      for (index, id) in ids.enumerated() {
        let former = group.reader.pending.find(id)
        guard stream.reader.contains(id) else {
          guard let former else { continue }
          deliveries?.tellGone(former, id: call[5 + index])
          group.removePending(id)
          changes += 1
          continue
        }
        guard former != nil || options.forces else { continue }
        if let former, number > 0, call.now &- former.delivered < number { continue }
        let consumer = group.touchConsumer(call[3], seen: seen)
        if consumer.isNew { isConsumerNew = true }
        let tries = options.retries ?? (former?.count ?? 1) &+ (options.onlyIDs ? 0 : 1)
        let record = PendingList.Record(id: id, delivered: delivered, count: tries, consumer: consumer.number)
        group.setPending(record)
        deliveries?.tellPending(record, id: call[5 + index], of: call[3], last: group.reader.lastID)
        answer(&call, stream.reader, id, onlyID: options.onlyIDs)
        count += 1
        changes += 1
      }
      // A new position of the group alone is a change too.
      edit.changed(changes == 0 && movesGroup ? 1 : changes)
      if changes == 0, movesGroup { deliveries?.tellPosition() }
      call.reply.endArray(header, count: count)
      // Not before the reply is complete: the client itself may be subscribed to such events.
      if isConsumerNew { edit.changedGroup(call.key(1), "xgroup-createconsumer") }
    })

  private static func answer(_ call: inout Call, _ stream: StreamReader, _ id: StreamID, onlyID: Bool) {
    if onlyID { return call.reply.streamID(id) }
    stream.forEach(from: id, through: id) { entry in
      call.reply.streamEntry(entry)
      return false
    }
  }

  static let xautoclaim = Command(
    "xautoclaim", arity: .atLeast(6), flags: [.write, .fast], categories: [.stream],
    keys: [.one([.readWrite, .delete])], group: .stream, since: "6.2.0", complexity: "O(1) if COUNT is small.",
    "Gives entries that have been pending for long to another consumer.",
    .write { call, edit throws(CommandError) in
      let found = edit.read(call.key(1))
      guard let number = Int64(text: call[4]) else {
        throw call.refuse("ERR Invalid min-idle-time argument for XAUTOCLAIM")
      }
      let first = try call.intervalStart(5)
      var (limit, onlyIDs): (Int64, Bool) = (100, false)
      var index = 6
      while index < call.count {
        if call.matches(index, "count"), index + 1 < call.count {
          guard let count = Int64(text: call[index + 1]), count >= 1, count <= Int64.max / 16 else {
            throw call.refuse("ERR COUNT must be > 0")
          }
          limit = count
          index += 1
        } else if call.matches(index, "justid") {
          onlyIDs = true
        } else {
          throw .syntax
        }
        index += 1
      }
      guard found?.type ?? .stream == .stream else { throw .wrongType }
      guard let found, StreamReader(found).group(call[2], call.key(2).hash) != nil else {
        throw call.refuseGroup(1, 2, "consumer group")
      }
      let stream = try edit.stream(call.key(1))
      guard let group = stream.group(call[2]) else { return }
      let scan = candidates(stream.reader, group.reader, from: first, limit, leastIdle: max(number, 0), now: call.now)
      deliveries(edit, call.key(1), call[2], group)?.tell(scan, to: call[3], at: call.now, isCounted: !onlyIDs)
      call.reply.arrayHeader(3)
      call.reply.streamID(scan.next)
      call.reply.arrayHeader(scan.claimed.count)
      for var record in scan.claimed {
        let consumer = group.touchConsumer(call[3], seen: call.now)
        if consumer.isNew { edit.changedGroup(call.key(1), "xgroup-createconsumer") }
        record.consumer = consumer.number
        record.delivered = call.now
        if !onlyIDs { record.count &+= 1 }
        group.setPending(record)
        answer(&call, stream.reader, record.id, onlyID: onlyIDs)
        edit.changed()
      }
      call.reply.arrayHeader(scan.gone.count)
      for record in scan.gone {
        group.removePending(record.id)
        call.reply.streamID(record.id)
        edit.changed()
      }
    })

  /// What of the pending entries is to be claimed, what is no longer in the stream, and where to go on.
  fileprivate struct Claim {
    var claimed: [PendingList.Record] = []
    var gone: [PendingList.Record] = []
    var next = StreamID.least
  }

  private static func candidates(
    _ stream: StreamReader, _ group: StreamGroup, from first: StreamID, _ limit: Int64, leastIdle: Int64, now: Int64
  ) -> Claim {
    var claim = Claim()
    var (left, attempts) = (limit, limit.multipliedReportingOverflow(by: 10).partialValue)
    group.pending.forEach(from: first) { record in
      guard attempts > 0, left > 0 else {
        claim.next = record.id
        return false
      }
      attempts -= 1
      if !stream.contains(record.id) {
        claim.gone.append(record)
        left -= 1
      } else if leastIdle == 0 || now &- record.delivered >= leastIdle {
        claim.claimed.append(record)
        left -= 1
      }
      return true
    }
    return claim
  }
}

extension StreamDeliveries {
  /// What XAUTOCLAIM does, in the order of ids.
  fileprivate func tell(_ claim: StreamCommands.Claim, to consumer: Bytes, at now: Int64, isCounted: Bool) {
    var gone = claim.gone.makeIterator()
    var nextGone = gone.next()
    for var record in claim.claimed {
      while let item = nextGone, item.id < record.id {
        tellGone(item)
        nextGone = gone.next()
      }
      record.delivered = now
      if isCounted { record.count &+= 1 }
      tellPending(record, of: consumer, last: last)
    }
    while let item = nextGone {
      tellGone(item)
      nextGone = gone.next()
    }
  }
}
