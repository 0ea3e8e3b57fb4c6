/// A stream as it stands in a file, so that each of its parts can be made wrong.
///
///     1-0 {f: a}  1-1 {f: b}  5-7 {f: c, g: d}      one node, its master 1-0, 1-1 deleted
///     group g, last 5-7, pending 1-0 and 5-7; consumer c has both
struct StreamFixture {
  typealias Element = PackedBlob.Element

  var typeByte: UInt8 = 15
  var nodeID = RDB.streamID(1, 0)
  var elements: [Element] = [
    .small(2), .small(1), .small(1), .text("f"), .small(0),
    .small(2), .small(0), .small(0), .text("a"), .small(4),
    .small(3), .small(0), .small(1), .text("b"), .small(4),
    .small(0), .small(4), .small(7), .small(2), .text("f"), .text("c"), .text("g"), .text("d"), .small(8),
  ]
  /// In place of the elements' own listpack.
  var listpack: [UInt8]?
  var nodeCount = 1
  var length: UInt64 = 2
  var last: (UInt64, UInt64) = (5, 7)
  var added: UInt64 = 3
  var groups: [Group] = [Group()]
  var groupCount: UInt64?

  struct Group {
    var name = "g"
    var last: (UInt64, UInt64) = (5, 7)
    var entriesRead: UInt64 = 3
    var pending: [(UInt64, UInt64)] = [(1, 0), (5, 7)]
    var pendingCount: UInt64?
    var consumers = [Consumer()]
    var consumerCount: UInt64?
  }

  struct Consumer {
    var name = "c"
    var pending: [(UInt64, UInt64)] = [(1, 0), (5, 7)]
    var pendingCount: UInt64?
  }

  /// Type, key and value.
  func bytes(key: String) -> [UInt8] {
    var bytes = [typeByte] + RDB.string(key) + RDB.length(nodeCount)
    for _ in 0..<nodeCount { bytes += RDB.string(nodeID) + RDB.string(listpack ?? PackedBlob.listpack(elements)) }
    bytes += RDB.length64(length) + number(last.0) + number(last.1)
    if typeByte >= 19 { bytes += number(1) + number(0) + number(1) + number(1) + number(added) }
    bytes += number(groupCount ?? UInt64(groups.count))
    for group in groups { bytes += self.bytes(of: group) }
    return bytes
  }

  private func bytes(of group: Group) -> [UInt8] {
    var bytes = RDB.string(group.name) + number(group.last.0) + number(group.last.1)
    if typeByte >= 19 { bytes += number(group.entriesRead) }
    bytes += number(group.pendingCount ?? UInt64(group.pending.count))
    for id in group.pending { bytes += RDB.streamID(id.0, id.1) + RDB.milliseconds(1000) + number(2) }
    bytes += number(group.consumerCount ?? UInt64(group.consumers.count))
    for consumer in group.consumers {
      bytes += RDB.string(consumer.name) + RDB.milliseconds(2000)
      if typeByte >= 21 { bytes += RDB.milliseconds(1500) }
      bytes += number(consumer.pendingCount ?? UInt64(consumer.pending.count))
      for id in consumer.pending { bytes += RDB.streamID(id.0, id.1) }
    }
    return bytes
  }

  private func number(_ number: UInt64) -> [UInt8] { number < 64 ? [UInt8(number)] : RDB.length64(number) }
}
