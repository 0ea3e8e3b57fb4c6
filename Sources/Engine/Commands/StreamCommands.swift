internal import RESP
internal import Values
internal import VersionedStore

/// The commands on streams, one file for each kind. Behaviour and reply texts follow Redis 7.0.
enum StreamCommands {
  static let all = adding + ranges + [xread, xreadgroup, xgroup, xack, xpending, xclaim, xautoclaim, xinfo]
}

extension ReadView {
  /// The stream at `key`; nil if the key is missing.
  func stream(_ key: Key) throws(CommandError) -> StreamReader? {
    guard let entry = find(key) else { return nil }
    guard entry.type == .stream else { throw .wrongType }
    return StreamReader(entry)
  }
}

extension Edit {
  /// The stream at `key`, to be read; nil if the key is missing.
  /// A source is `counted` as a hit or a miss.
  func readStream(_ key: Key, counted: Bool = false) throws(CommandError) -> StreamReader? {
    guard let entry = counted ? read(key) : find(key) else { return nil }
    guard entry.type == .stream else { throw .wrongType }
    return StreamReader(entry)
  }

  /// Counts and tells a change of a consumer group. It does not modify the key for those who watch it or cache it.
  func changedGroup(_ key: Key, _ event: StaticString) {
    changed()
    notify(key, .stream(event))
  }

  /// The stream at `key`, to be written; made if the key is missing.
  func stream(_ key: Key) throws(CommandError) -> StreamEditor {
    if let entry = find(key), entry.type != .stream { throw .wrongType }
    return StreamEditor(place(key), limits)
  }
}

extension Call {
  /// Argument `index` as an id in full, or as its milliseconds, for which `sequence` is put in.
  func streamID(_ index: Int, sequence: UInt64 = 0) throws(CommandError) -> StreamID {
    guard let id = StreamID(text: self[index], sequence: sequence) else { throw .badStreamID }
    return id
  }

  /// The same with `-` and `+` for the least and the greatest.
  func openStreamID(_ index: Int, sequence: UInt64 = 0) throws(CommandError) -> StreamID {
    if self[index] == Bytes("-") { return .least }
    if self[index] == Bytes("+") { return .greatest }
    return try streamID(index, sequence: sequence)
  }

  /// Argument `index` as the beginning of an interval; with `(` the id itself does not belong to it.
  func intervalStart(_ index: Int) throws(CommandError) -> StreamID {
    guard self[index].first == UInt8(ascii: "("), self[index].count > 1 else { return try openStreamID(index) }
    guard let id = StreamID(text: self[index].dropFirstByte, sequence: 0) else { throw .badStreamID }
    guard let next = id.successor else { throw .badIntervalStart }
    return next
  }

  func intervalEnd(_ index: Int) throws(CommandError) -> StreamID {
    guard self[index].first == UInt8(ascii: "("), self[index].count > 1 else {
      return try openStreamID(index, sequence: .max)
    }
    guard let id = StreamID(text: self[index].dropFirstByte, sequence: .max) else { throw .badStreamID }
    guard let former = id.predecessor else { throw .badIntervalEnd }
    return former
  }

  /// Arguments `range` as ids.
  func streamIDs(_ range: Range<Int>) throws(CommandError) -> [StreamID] {
    var ids: [StreamID] = []
    for index in range { ids.append(try streamID(index)) }
    return ids
  }

  mutating func refuseGroup(_ key: Int, _ group: Int, _ middle: String, _ end: String = "") -> CommandError {
    refuse("NOGROUP No such key '", self[key], "' or \(middle) '", self[group], "'\(end)")
  }
}

extension Bytes {
  fileprivate var dropFirstByte: Bytes { self[1..<count] }
}

extension StreamID {
  /// `milliseconds-sequence`, or milliseconds alone.
  init?(text: Bytes, sequence: UInt64) {
    guard text.count <= 127 else { return nil }
    let text = text.firstIndex(of: 0).map { text[0..<$0] } ?? text
    guard let dash = text.firstIndex(of: UInt8(ascii: "-")) else {
      guard let milliseconds = UInt64(text: text) else { return nil }
      self.init(milliseconds, sequence)
      return
    }
    guard let milliseconds = UInt64(text: text[0..<dash]), let sequence = UInt64(text: text[dash + 1..<text.count])
    else { return nil }
    self.init(milliseconds, sequence)
  }
}

extension ReplyWriter {
  mutating func streamID(_ id: StreamID) {
    var text = InlineText<41>()
    text.append(decimal: id.milliseconds, width: id.milliseconds.digitCount)
    text.append(UInt8(ascii: "-"))
    text.append(decimal: id.sequence, width: id.sequence.digitCount)
    text.withBytes { bulk($0) }
  }

  /// An entry: its id, its fields and values.
  mutating func streamEntry(_ entry: StreamNode.Entry) {
    arrayHeader(2)
    streamID(entry.id)
    arrayHeader(2 * entry.fieldCount)
    entry.forEachField { field, value in
      bulk(field)
      bulk(value)
    }
  }

  mutating func count(_ number: UInt64) { integer(Int(truncatingIfNeeded: number)) }
}
