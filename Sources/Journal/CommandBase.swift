internal import Engine
internal import RESP
internal import Snapshots
internal import Values
internal import VersionedStore

/// A base of the log in plain commands (`aof-use-rdb-preamble no`), for those who want to read it, or to cut it.
///
/// Large values are told in several commands. A stream is one RESTORE: no plain commands say all that Redis keeps of one.
struct CommandBase {
  private var queue: ByteQueue { writer.output }
  private var writer: ReplyWriter
  private let progress: SnapshotProgress
  private let sink: (Bytes) throws(SnapshotWriteFailure) -> Void

  /// Elements that one command names at most.
  private static let elementsTogether = 64
  /// Bytes at which they are written.
  private static let drainedByteCount = 256 << 10

  static func write(
    _ content: SnapshotContent, noteTime second: Int64?, progress: SnapshotProgress, keyWritten: (() -> Void)?,
    to sink: (Bytes) throws(SnapshotWriteFailure) -> Void
  ) throws(SnapshotWriteFailure) {
    try withoutActuallyEscaping(sink) { sink throws(SnapshotWriteFailure) in
      let queue = ByteQueue(capacity: 2 * drainedByteCount)
      defer { queue.deallocate() }
      var base = CommandBase(writer: ReplyWriter(queue, .resp2), progress: progress, sink: sink)
      if let second { Array("#TS:\(second)\r\n".utf8).withBytes { queue.append($0) } }
      try base.write(content, keyWritten)
      try base.drain()
    }
  }

  private mutating func drain() throws(SnapshotWriteFailure) {
    if progress.isCancelled { throw .cancelled }
    try sink(queue.bytes)
    queue.consume(queue.count, keep: .max)
  }

  private mutating func begin(_ name: StaticString, _ count: Int) throws(SnapshotWriteFailure) {
    if queue.count >= Self.drainedByteCount { try drain() }
    writer.arrayHeader(count)
    writer.bulk(name)
  }

  private mutating func write(
    _ content: SnapshotContent, _ keyWritten: (() -> Void)?
  ) throws(SnapshotWriteFailure) {
    for library in content.functionLibraries {
      try begin("FUNCTION", 3)
      writer.bulk("LOAD")
      writer.bulk(library)
    }
    for database in 0..<content.root.databaseCount where content.root.keyCount(database) > 0 {
      try begin("SELECT", 2)
      writer.bulk(database)
      try content.root.forEach(database) { entry throws(SnapshotWriteFailure) in
        try write(entry)
        if let expiry = entry.expiry {
          try begin("PEXPIREAT", 3)
          writer.bulk(entry.key)
          writer.bulk(Int(expiry))
        }
        keyWritten?()
        if progress.isCancelled { throw .cancelled }
        return true
      }
    }
  }

  private mutating func write(_ entry: Entry) throws(SnapshotWriteFailure) {
    switch entry.type {
    case .string:
      try begin("SET", 3)
      writer.bulk(entry.key)
      writer.bulk(StringReader(entry))
    case .list: try writeList(entry)
    case .set: try writeSet(entry)
    case .sortedSet: try writeSortedSet(entry)
    case .hash: try writeHash(entry)
    case .stream:
      let payload = ByteQueue()
      defer { payload.deallocate() }
      try DumpCommand.append(entry, newestVersion: 10, compresses: true, to: payload)
      try begin("RESTORE", 4)
      writer.bulk(entry.key)
      writer.bulk("0")
      writer.bulk(payload.bytes)
    }
  }

  /// Begins another command where the one before has all the elements that one may have. `number` is that of the element, out
  /// of `count`, which takes so many arguments.
  private mutating func element(
    _ number: Int, of count: Int, arguments: Int, _ name: StaticString, _ entry: Entry
  ) throws(SnapshotWriteFailure) {
    guard number % Self.elementsTogether == 0 else { return }
    try begin(name, 2 + arguments * min(Self.elementsTogether, count - number))
    writer.bulk(entry.key)
  }

  private mutating func writeList(_ entry: Entry) throws(SnapshotWriteFailure) {
    let reader = ListReader(entry)
    var number = 0
    try reader.forEach { element throws(SnapshotWriteFailure) in
      try self.element(number, of: reader.count, arguments: 1, "RPUSH", entry)
      writer.bulk(element)
      number += 1
      return true
    }
  }

  private mutating func writeSet(_ entry: Entry) throws(SnapshotWriteFailure) {
    let reader = SetReader(entry)
    var number = 0
    try reader.forEach { member throws(SnapshotWriteFailure) in
      try element(number, of: reader.count, arguments: 1, "SADD", entry)
      writer.bulk(member)
      number += 1
      return true
    }
  }

  private mutating func writeSortedSet(_ entry: Entry) throws(SnapshotWriteFailure) {
    let reader = SortedSetReader(entry)
    var number = 0
    try reader.forEach { member, score throws(SnapshotWriteFailure) in
      try element(number, of: reader.count, arguments: 2, "ZADD", entry)
      DoubleText(score).withBytes { writer.bulk($0) }
      writer.bulk(member)
      number += 1
      return true
    }
  }

  private mutating func writeHash(_ entry: Entry) throws(SnapshotWriteFailure) {
    let reader = HashReader(entry)
    var number = 0
    var times: [(field: [UInt8], expiry: Int64)] = []
    try reader.forEach { field, value, expiry throws(SnapshotWriteFailure) in
      try element(number, of: reader.count, arguments: 2, "HMSET", entry)
      writer.bulk(field)
      writer.bulk(value)
      number += 1
      if let expiry { times.append((field.withBytes { Array($0) }, expiry)) }
      return true
    }
    for (field, expiry) in times {
      try begin("HPEXPIREAT", 6)
      writer.bulk(entry.key)
      writer.bulk(Int(expiry))
      writer.bulk("FIELDS")
      writer.bulk("1")
      writer.bulk(field)
    }
  }
}
