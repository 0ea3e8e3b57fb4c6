public import VersionedStore

/// A string of at most `wholeLimit` bytes in the form in which it is stored.
@frozen
public struct StringForm {
  public let value: StoredValue
  public let tag: UInt8

  /// The usual form: a number that is written in the usual way is kept as a word.
  @inlinable @inline(__always)
  public init(_ bytes: Bytes) {
    guard bytes.count <= 20, let word = Int64(text: bytes) else {
      self.init(text: bytes)
      return
    }
    self.init(value: .word(word), tag: ValueTag.integer)
  }

  /// The form of what is kept as bytes, even if it is a number: INCRBYFLOAT's results.
  @inlinable @inline(__always)
  public init(text: Bytes) {
    let isShort = text.count <= ValueTag.embeddedLimit
    self.init(value: .bytes(text), tag: isShort ? ValueTag.embedded : ValueTag.raw)
  }

  @inlinable @inline(__always)
  init(value: StoredValue, tag: UInt8) {
    self.value = value
    self.tag = tag
  }

  /// Bytes of the longest string that can be stored, whatever the configuration allows.
  public static let lengthLimit = Int(UInt32.max) - 64

  /// Bytes of the longest string that stands in one piece, as a `StringForm` says; a longer one is a sequence of chunks,
  /// which `StringEditor` makes.
  @inlinable
  public static var wholeLimit: Int { 64 << 10 }

  /// Bytes of a chunk: with its header it fills three pages. Of 16 kB and more jemalloc gives out a page beyond what was
  /// asked for (256 MB of strings took 322 MB in chunks of 16 kB, and 259 MB in chunks of 12 kB).
  @inlinable
  public static var chunkByteCount: Int { 12 << 10 - 16 }
}

extension StoredValue {
  /// Length of the string in bytes.
  @inlinable
  public var byteCount: Int {
    switch self {
    case .bytes(let bytes): bytes.count
    case .word(let word): word.magnitude.digitCount + (word < 0 ? 1 : 0)
    }
  }

  /// Calls `body` with the string's bytes; they must not escape it.
  @inlinable
  public func withBytes<R, E: Error>(_ body: (Bytes) throws(E) -> R) throws(E) -> R {
    switch self {
    case .bytes(let bytes): return try body(bytes)
    case .word(let word): return try DecimalText(word).withBytes(body)
    }
  }
}

extension Int64 {
  /// The integer that a stored string is; nil if it is none.
  @inlinable
  public init?(_ value: StoredValue) {
    switch value {
    case .word(let word): self = word
    case .bytes(let bytes):
      guard let number = Int64(text: bytes) else { return nil }
      self = number
    }
  }
}

extension Float80 {
  /// The number that a stored string is, as INCRBYFLOAT reads it; nil if it is none.
  public init?(_ value: StoredValue) {
    switch value {
    case .word(let word): self = Float80(word)
    case .bytes(let bytes):
      guard let number = Float80(text: bytes) else { return nil }
      self = number
    }
  }
}
