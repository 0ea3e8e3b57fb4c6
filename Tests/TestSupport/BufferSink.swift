public import RESP

/// Keeps replies in an array.
public struct BufferSink: ReplySink {
  public var version: ProtocolVersion
  public private(set) var bytes: [UInt8] = []

  public init(version: ProtocolVersion = .resp2) {
    self.version = version
  }

  public var byteCount: Int { bytes.count }
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  public mutating func append(_ byte: UInt8) { bytes.append(byte) }
  public mutating func append(_ other: RawSpan) { bytes.append(other) }
  public mutating func append(_ text: StaticString) { bytes.append(text) }

  public mutating func insert(_ other: RawSpan, at offset: Int) {
    unsafe other.withUnsafeBytes { unsafe bytes.insert(contentsOf: $0, at: offset) }
  }
}
