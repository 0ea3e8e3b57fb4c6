public import RESP
public import Values
public import VersionedStore

/// Writes replies to one session's output, in the protocol that its client speaks.
public struct ReplyWriter: ReplySink {
  public let output: ByteQueue
  public var version: ProtocolVersion

  @inline(__always)
  public init(_ output: ByteQueue, _ version: ProtocolVersion) {
    self.output = output
    self.version = version
  }

  @inline(__always)
  public var byteCount: Int { output.count }
  @inline(__always)
  public mutating func append(_ byte: UInt8) { output.append(byte) }
  @inline(__always)
  public mutating func append(_ bytes: RawSpan) { output.append(bytes) }
  @inline(__always)
  public mutating func append(_ text: StaticString) { output.append(Bytes(text)) }
  @inline(__always)
  public mutating func append(word: UInt64, count: Int) { output.append(word: word, count: count) }

  public mutating func insert(_ bytes: RawSpan, at offset: Int) {
    unsafe bytes.withUnsafeBytes { unsafe output.insert(Bytes($0), at: offset) }
  }

  /// A bulk string.
  @inline(__always)
  public mutating func bulk(_ bytes: Bytes) {
    bulkHeader(byteCount: bytes.count)
    output.append(bytes)
    lineEnd()
  }

  /// A stored value as a bulk string.
  @inline(__always)
  public mutating func bulk(_ value: StoredValue) {
    switch value {
    case .bytes(let bytes): bulk(bytes)
    case .word(let word): bulk(Int(word))
    }
  }

  /// A string as a bulk string.
  @inline(__always)
  public mutating func bulk(_ string: StringReader) {
    switch string {
    case .whole(let value): bulk(value)
    case .chunked: bulk(string, 0..<string.count)
    }
  }

  /// A part of a string as a bulk string: chunk by chunk, where it has chunks.
  public mutating func bulk(_ string: StringReader, _ range: Range<Int>) {
    bulkHeader(byteCount: range.count)
    output.reserve(range.count + 2)
    string.forEachChunk(in: range) { bytes, _ in
      output.append(bytes)
      return true
    }
    lineEnd()
  }

  /// An error that quotes what the client sent.
  public mutating func error(_ prefix: StaticString, quoting quoted: Bytes, _ suffix: StaticString = "") {
    unsafe quoted.withUnsafeBytes { unsafe error(prefix, quoting: $0.bytes, suffix) }
  }

  /// An error whose text was put together at run time, code first.
  public mutating func error(_ text: String) { unsafe error(Array(text.utf8).span.bytes) }

  /// Text for people, as INFO's.
  public mutating func verbatim(_ text: String) { unsafe verbatim(Array(text.utf8).span.bytes) }

  /// A status that was put together at run time.
  public mutating func simpleString(_ text: String) { unsafe simpleString(Array(text.utf8).span.bytes) }

  public mutating func bulk(_ bytes: [UInt8]) { unsafe bulk(bytes.span.bytes) }

  public mutating func error(_ failure: CommandError) {
    if case .answered = failure { return }
    error(failure.text)
  }
}
