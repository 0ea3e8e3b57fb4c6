internal import RESP
internal import Values
internal import VersionedStore

/// Commands that add and remove entries.
extension StreamCommands {
  static let adding = [xadd, xtrim, xdel, xsetid]

  static let xadd = Command(
    "xadd", arity: .atLeast(5), flags: [.write, .denyOOM, .fast], categories: [.stream],
    keys: [
      KeySpecification(
        .index(1), .range(last: 0, step: 1, limit: 0), [.readWrite, .update],
        notes: "UPDATE instead of INSERT because of the optional trimming feature")
    ], group: .stream, since: "5.0.0", complexity: "O(1), or O(N) for N entries that are trimmed.",
    "Adds an entry to a stream.",
    .write { call, edit throws(CommandError) in
      let trimming = try StreamTrimming(&call, adds: true, edit.limits)
      let wanted = trimming.id
      let first = trimming.end + 1
      guard call.count - first >= 2, (call.count - first) % 2 == 0 else {
        throw call.refuse("ERR wrong number of arguments for 'xadd' command")
      }
      if case .exact(.least) = wanted { throw call.refuse("ERR The ID specified in XADD must be greater than 0-0") }
      let former = try edit.readStream(call.key(1))
      if former == nil, trimming.needsStream { return call.reply.null() }
      let last = former?.lastID ?? .least
      guard last < .greatest else {
        throw call.refuse("ERR The stream has exhausted the last possible ID, unable to add more items")
      }
      guard let id = next(wanted, after: last, now: UInt64(max(call.now, 0))) else {
        throw call.refuse(
          "ERR The ID specified in XADD is equal or smaller than the target stream top item")
      }
      var byteCount = 0
      for index in first..<call.count { byteCount += call[index].count }
      guard byteCount <= 1 << 30 else { throw call.refuse("ERR Elements are too large to be stored") }
      let key = call.key(1)
      let stream = try edit.stream(key)
      if former == nil { edit.created(key) }
      let arguments = call
      stream.append(id, fieldCount: (call.count - first) / 2) { arguments[first + $0] }
      edit.changed(key, .stream("xadd"))
      if trimming.apply(to: stream) > 0 { edit.notify(key, .stream("xtrim")) }
      call.reply.streamID(id)
      if edit.tellsEffects { tell(call, edit, trimming, id, stream.reader) }
    })

  /// Told with the id that the entry has, and with what trimming has left.
  private static func tell(
    _ call: borrowing Call, _ edit: Edit, _ trimming: StreamTrimming, _ id: StreamID, _ stream: StreamReader
  ) {
    if case .exact = trimming.id, !trimming.isInexact { return }
    let arguments = call.arguments(from: 0)
    edit.tellInstead(count: arguments.count) { writer in
      trimming.tell(arguments, stream, to: &writer)
      if case .exact = trimming.id { writer.bulk(arguments[trimming.end]) } else { writer.streamID(id) }
      writer.arguments(arguments, trimming.end + 1..<arguments.count)
    }
  }

  /// The id that a client wants for a new entry.
  enum WantedID {
    case automatic
    case exact(StreamID)
    /// Any sequence number of a millisecond.
    case within(UInt64)

    init(_ call: Call, _ index: Int) throws(CommandError) {
      let text = call[index]
      if text.count > 2, text[text.count - 1] == UInt8(ascii: "*"), text[text.count - 2] == UInt8(ascii: "-") {
        guard let milliseconds = UInt64(text: text[0..<text.count - 2]) else { throw .badStreamID }
        self = .within(milliseconds)
      } else {
        self = .exact(try call.streamID(index))
      }
    }
  }

  /// The id to use; nil if it would not be above the last one.
  private static func next(_ wanted: WantedID, after last: StreamID, now: UInt64) -> StreamID? {
    let id: StreamID?
    switch wanted {
    case .automatic: id = now > last.milliseconds ? StreamID(now, 0) : last.successor
    case .exact(let exact): id = exact
    case .within(let milliseconds):
      if milliseconds == last.milliseconds {
        id = last.sequence < .max ? last.successor : nil
      } else {
        id = StreamID(milliseconds, 0)
      }
    }
    guard let id, id > last else { return nil }
    return id
  }

  static let xtrim = Command(
    "xtrim", arity: .atLeast(4), flags: [.write], categories: [.stream], keys: [.one([.readWrite, .delete])],
    group: .stream, since: "5.0.0", complexity: "O(N) for N entries that go.",
    "Removes entries from the beginning of a stream.",
    .write { call, edit throws(CommandError) in
      let trimming = try StreamTrimming(&call, adds: false, edit.limits)
      guard try edit.readStream(call.key(1)) != nil else { return call.reply.integer(0) }
      let stream = try edit.stream(call.key(1))
      let removed = trimming.apply(to: stream)
      call.reply.integer(removed)
      guard removed > 0 else { return }
      edit.changed(call.key(1), .stream("xtrim"), count: removed)
      guard edit.tellsEffects, trimming.isInexact else { return }
      let arguments = call.arguments(from: 0)
      edit.tellInstead(count: arguments.count) { trimming.tell(arguments, stream.reader, to: &$0) }
    })

  static let xdel = Command(
    "xdel", arity: .atLeast(3), flags: [.write, .fast], categories: [.stream], keys: [.one([.readWrite, .delete])],
    group: .stream, since: "5.0.0", complexity: "O(log(N)) for each entry, with N in the stream.",
    "Removes entries from a stream.",
    .write { call, edit throws(CommandError) in
      guard try edit.readStream(call.key(1)) != nil else { return call.reply.integer(0) }
      let ids = try call.streamIDs(2..<call.count)
      let stream = try edit.stream(call.key(1))
      var removed = 0
      for id in ids where stream.delete(id) { removed += 1 }
      if removed > 0 { edit.changed(call.key(1), .stream("xdel"), count: removed) }
      call.reply.integer(removed)
    })

  static let xsetid = Command(
    "xsetid", arity: .atLeast(3), flags: [.write, .denyOOM, .fast], categories: [.stream],
    keys: [.one([.readWrite, .update])], group: .stream, since: "5.0.0", "Sets the last id of a stream; for replicas.",
    .write { call, edit throws(CommandError) in
      let id = try call.streamID(2)
      var (added, maxDeleted): (Int64?, StreamID?)
      var index = 3
      while index < call.count {
        guard index + 1 < call.count else { throw .syntax }
        if call.matches(index, "entriesadded") {
          added = try call.integer(index + 1)
          if added ?? 0 < 0 { throw call.refuse("ERR entries_added must be positive") }
        } else if call.matches(index, "maxdeletedid") {
          maxDeleted = try call.streamID(index + 1)
          if id < maxDeleted ?? .least {
            throw call.refuse("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id")
          }
        } else {
          throw .syntax
        }
        index += 2
      }
      guard let reader = try edit.readStream(call.key(1)) else { throw .noSuchKey }
      if reader.count > 0 {
        guard id >= reader.lastLiveID else {
          throw call.refuse("ERR The ID specified in XSETID is smaller than the target stream top item")
        }
        if let added, reader.count > added {
          throw call.refuse("ERR The entries_added specified in XSETID is smaller than the target stream length")
        }
      }
      let stream = try edit.stream(call.key(1))
      stream.setLastID(id)
      if let added { stream.setAdded(UInt64(added)) }
      if let maxDeleted, maxDeleted > .least { stream.setMaxDeletedID(maxDeleted) }
      edit.changed()
      edit.notify(call.key(1), .stream("xsetid"))
      call.reply.ok()
    })
}
