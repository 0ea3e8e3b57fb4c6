public import VersionedStore

// Names of commands and options in any case. Only ASCII letters have case; every other byte stands for itself.

extension UInt8 {
  /// The small letter of an ASCII capital; any other byte itself.
  @inlinable
  public var lowercased: UInt8 {
    self &- UInt8(ascii: "A") < 26 ? self | 0x20 : self
  }
}

extension Bytes {
  /// Whether this is `name`, whatever the case of either.
  @inlinable
  public func equalsIgnoringCase(_ name: Bytes) -> Bool {
    guard count == name.count else { return false }
    for index in 0..<count where self[index].lowercased != name[index].lowercased { return false }
    return true
  }

  /// Whether this is `name`, whatever the case of either: `argument.equalsIgnoringCase("KEEPTTL")`.
  @inlinable
  public func equalsIgnoringCase(_ name: StaticString) -> Bool {
    equalsIgnoringCase(Bytes(name))
  }

  /// A hash that does not depend on case, for tables of fixed names (FNV-1a, 64 bits). It has no key: a table that
  /// clients can fill needs another one.
  @inlinable
  public var caseInsensitiveHash: UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in self { hash = (hash ^ UInt64(byte.lowercased)) &* 0x0000_0100_0000_01b3 }
    return hash
  }
}

extension InlineText {
  /// `bytes` with small letters; `nil` if there is no room for them.
  @inlinable
  public init?(lowercasing bytes: Bytes) {
    guard bytes.count <= capacity else { return nil }
    self.init()
    for byte in bytes { append(byte.lowercased) }
  }
}
