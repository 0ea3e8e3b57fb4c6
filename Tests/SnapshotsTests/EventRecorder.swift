import Snapshots
import VersionedStore

/// A sink that keeps every call; the pieces of a long string are put together.
struct EventRecorder: SnapshotSink {
  enum Event: Equatable {
    case auxiliary(name: [UInt8], value: [UInt8])
    case select(UInt64)
    case announce(keys: UInt64, expiring: UInt64)
    case functionLibrary([UInt8])
    case string(key: [UInt8], value: [UInt8], expiryMilliseconds: Int64?, access: AccessHint)
    case value(String)
  }

  var events: [Event] = []
  var databaseCount = 16

  mutating func auxiliary(name: Bytes, value: Bytes) {
    events.append(.auxiliary(name: Array(name), value: Array(value)))
  }

  mutating func select(database: UInt64) throws(SinkRefusal) {
    guard database < databaseCount else { throw .databaseOutOfRange(databaseCount: databaseCount) }
    events.append(.select(database))
  }

  mutating func announce(keys: UInt64, expiring: UInt64) {
    events.append(.announce(keys: keys, expiring: expiring))
  }

  mutating func value(_ event: SnapshotEvent) {
    if case .begin(let key, .string, let expiry, let access) = event {
      return string(key: key, value: Bytes(), expiryMilliseconds: expiry, access: access)
    }
    guard case .string(let key, let value, let expiry, let access)? = events.last else {
      return events.append(.value("\(Self.text(event))"))
    }
    guard case .text(let bytes) = event else { return }
    events.removeLast()
    events.append(
      .string(key: key, value: value + Array(bytes), expiryMilliseconds: expiry, access: access))
  }

  /// What an event says, for comparing.
  static func text(_ event: SnapshotEvent) -> String {
    func text(_ bytes: Bytes) -> String { String(decoding: bytes, as: UTF8.self) }
    return switch event {
    case .begin(let key, let type, let expiry, let access): "begin \(text(key)) \(type) \(expiry ?? -1) \(access)"
    case .text(let bytes): "text \(text(bytes))"
    case .element(let element): "element \(text(element))"
    case .field(let field, let value, let expiry): "field \(text(field)) \(text(value)) \(expiry ?? -1)"
    case .member(let member, let score): "member \(text(member)) \(score)"
    case .packed(let elements, let count): "packed \(count) \(Array(elements))"
    case .integers(let bytes): "integers \(Array(bytes))"
    case .streamNode(let id, let elements, let count): "node \(id) \(count) \(Array(elements))"
    case .streamGroup(let name, let last, let read): "group \(text(name)) \(last) \(String(describing: read))"
    case .streamConsumer(let name, let seen): "consumer \(text(name)) \(seen)"
    case .streamState, .streamPending, .streamConsumerPending, .end: "\(event)"
    }
  }

  mutating func functionLibrary(_ source: Bytes) { events.append(.functionLibrary(Array(source))) }

  mutating func string(key: Bytes, value: Bytes, expiryMilliseconds: Int64?, access: AccessHint) {
    events.append(
      .string(
        key: Array(key), value: Array(value), expiryMilliseconds: expiryMilliseconds, access: access
      ))
  }
}

/// One run of the reader over a whole file.
struct Reading {
  var reader = SnapshotReader()
  var sink = EventRecorder()
  /// Number of bytes the reader took.
  var taken = 0

  /// Feeds the file in chunks of the sizes that `nextChunkSize` gives, then tells the reader that this was all.
  mutating func run(_ file: [UInt8], chunkSize nextChunkSize: () -> Int) throws(SnapshotError) {
    try file.withBytes { bytes throws(SnapshotError) in
      var position = 0
      while position < bytes.count {
        let end = min(bytes.count, position + nextChunkSize())
        let taken = try reader.receive(bytes[position..<end], into: &sink)
        self.taken += taken
        guard position + taken == end else { break }
        position = end
      }
    }
    try reader.finish()
  }

  static func events(of file: [UInt8], chunkSize: Int = .max / 2) throws(SnapshotError)
    -> [EventRecorder.Event]
  {
    var reading = Reading()
    try reading.run(file, chunkSize: { chunkSize })
    return reading.sink.events
  }

  /// The error that a file is refused with, nil if it is not.
  static func error(of file: [UInt8]) -> SnapshotError? {
    do throws(SnapshotError) {
      _ = try events(of: file)
      return nil
    } catch { return error }
  }
}
