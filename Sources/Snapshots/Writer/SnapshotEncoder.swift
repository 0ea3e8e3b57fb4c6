internal import Values
internal import VersionedStore

/// Writes the fields of an RDB file: numbers, strings and what they are made of. See ``ItemCursor`` for the forms.
///
/// Bytes gather in `output`; whoever writes a long value drains it between elements.
final class SnapshotEncoder {
  let output: ByteQueue
  /// Strings of more than 20 bytes are compressed where that makes them shorter (`rdbcompression`).
  let compresses: Bool
  /// What takes the bytes when there are many; nil lets them gather.
  let drain: ((ByteQueue) throws(SnapshotWriteFailure) -> Void)?
  private let compressor: LZFCompressor?

  /// Bytes at which the output is drained.
  static let drainedByteCount = 256 << 10

  init(
    output: ByteQueue, compresses: Bool, drain: ((ByteQueue) throws(SnapshotWriteFailure) -> Void)? = nil
  ) {
    self.output = output
    self.compresses = compresses
    self.drain = drain
    compressor = compresses ? LZFCompressor() : nil
  }

  /// To be called between elements.
  func drainIfLong() throws(SnapshotWriteFailure) {
    if output.count >= Self.drainedByteCount { try drain?(output) }
  }

  func append(_ byte: UInt8) { output.append(byte) }

  func append(littleEndian word: UInt64) { output.append(word: word, count: 8) }

  func append(length: Int) { append(length: UInt64(length)) }

  func append(length: UInt64) {
    if length < 1 << 6 {
      output.append(UInt8(length))
    } else if length < 1 << 14 {
      output.append(0x40 | UInt8(length >> 8))
      output.append(UInt8(truncatingIfNeeded: length))
    } else if length <= UInt64(UInt32.max) {
      output.append(0x80)
      output.append(word: UInt64(UInt32(length).byteSwapped), count: 4)
    } else {
      output.append(0x81)
      output.append(word: length.byteSwapped, count: 8)
    }
  }

  /// A string, chunk by chunk where it has chunks.
  func append(_ string: StringReader) throws(SnapshotWriteFailure) {
    if let whole = string.whole { return append(whole) }
    let isShorter = try compressor?.compress(chunksOf: string) { byteCount in
      output.append(0xc3)
      append(length: byteCount)
      append(length: string.count)
    } _: { text throws(SnapshotWriteFailure) in
      output.append(text)
      try drainIfLong()
    }
    if isShorter == true { return }
    append(length: string.count)
    try string.forEachChunk { bytes, _ throws(SnapshotWriteFailure) in
      output.append(bytes)
      try drainIfLong()
      return true
    }
  }

  /// A string that a stored value is: small integers have a form of their own.
  func append(_ value: StoredValue) {
    switch value {
    case .word(let word):
      if !append(integer: word) { DecimalText(word).withBytes { append(raw: $0) } }
    case .bytes(let bytes):
      append(bytes)
    }
  }

  /// A string, in the shortest of its forms.
  func append(_ bytes: Bytes) {
    if bytes.count <= 11, let word = Int64(text: bytes), append(integer: word) { return }
    append(text: bytes)
  }

  /// A string that is no number, or not to be looked at as one: packed elements, for instance.
  func append(text bytes: Bytes) {
    guard bytes.count > 20, let compressor else { return append(raw: bytes) }
    let isShorter = compressor.compress(bytes) { compressed in
      output.append(0xc3)
      append(length: compressed.count)
      append(length: bytes.count)
      output.append(compressed)
    }
    if !isShorter { append(raw: bytes) }
  }

  private func append(raw bytes: Bytes) {
    append(length: bytes.count)
    output.append(bytes)
  }

  private func append(integer: Int64) -> Bool {
    let bits = UInt64(bitPattern: integer)
    if Int8(exactly: integer) != nil {
      output.append(0xc0)
      output.append(word: bits, count: 1)
    } else if Int16(exactly: integer) != nil {
      output.append(0xc1)
      output.append(word: bits, count: 2)
    } else if Int32(exactly: integer) != nil {
      output.append(0xc2)
      output.append(word: bits, count: 4)
    } else {
      return false
    }
    return true
  }

  /// Packed elements as one string: a listpack, which has a head of six bytes and an end.
  func append(listpack count: Int, _ elements: Bytes) {
    let byteCount = elements.count + 7
    var listpack: [UInt8] = []
    listpack.reserveCapacity(byteCount)
    for shift in [0, 8, 16, 24] { listpack.append(UInt8(truncatingIfNeeded: byteCount >> shift)) }
    let shown = min(count, 0xffff)
    listpack.append(UInt8(truncatingIfNeeded: shown))
    listpack.append(UInt8(truncatingIfNeeded: shown >> 8))
    listpack.append(contentsOf: elements)
    listpack.append(0xff)
    listpack.withBytes { append(text: $0) }
  }
}

/// Why a snapshot could not be written.
public enum SnapshotWriteFailure: Error, Sendable, Equatable {
  /// In the system's words.
  case output(reason: String)
  /// Nobody wants it any more.
  case cancelled
  /// A value that the format of this version cannot hold.
  case needsNewerVersion(key: [UInt8], version: Int, allowed: Int)
}
