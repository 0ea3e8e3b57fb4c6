internal import RESP
internal import Values
internal import VersionedStore

/// XREAD and XREADGROUP that wait: how they are answered when something comes.
extension StreamCommands {
  /// What a client that waits is to be answered with: entries of the one stream that has any.
  struct Reading {
    /// For each stream the id from behind which entries are wanted. A group knows for itself.
    let ids: [StreamID]
    /// Where the keys begin among the arguments.
    let first: Int
    let limit: Int64
    /// Where the group's name stands, behind it the consumer's; nil for XREAD.
    let group: Int?
    let isSilent: Bool

    /// Entries for a client that names no limit: if the id lies far back, answering it must not hold up everybody.
    static let usualLimit: Int64 = 1000
  }

  /// Whether there is an answer, be it an error, in the stream at argument `argument`.
  static func isAnswered(_ reading: Reading, _ call: borrowing Call, _ edit: Edit, _ argument: Int) -> Bool {
    guard let stream = try? edit.readStream(call.key(argument)) else { return false }
    guard let group = reading.group else { return stream.lastID > reading.ids[argument - reading.first] }
    return stream.group(call[group], call.key(group).hash).map { stream.lastID > $0.lastID } ?? true
  }

  /// Answers with what has come in the stream at argument `argument`.
  static func read(
    _ reading: Reading, _ call: inout Call, _ edit: Edit, _ argument: Int
  ) throws(CommandError) {
    let key = call.key(argument)
    guard let stream = try edit.readStream(key) else { return call.reply.nullArray() }
    if let group = reading.group, stream.group(call[group], call.key(group).hash) == nil {
      throw call.refuse("NOGROUP the consumer group this client was blocked on no longer exists")
    }
    if call.reply.version == .resp2 {
      call.reply.arrayHeader(1)
      call.reply.arrayHeader(2)
    } else {
      call.reply.mapHeader(1)
    }
    call.reply.bulk(key.bytes)
    if let group = reading.group {
      return try read(
        &call, edit, key, group: group, from: nil, limit: reading.limit, isSilent: reading.isSilent)
    }
    // Something greater was there, so that there is a successor.
    let start = reading.ids[argument - reading.first].successor ?? .greatest
    answer(&call, stream, start, .greatest, limit: reading.limit, isReversed: false)
  }
}
