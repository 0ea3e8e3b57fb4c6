/// The keyed hash that places keys in the trie: SipHash-1-2 of the key's bytes.
///
/// Keyed, because whoever can choose keys could otherwise choose collisions (hash flooding). Source: Aumasson and
/// Bernstein, "SipHash: a fast short-input PRF", 2012; one compression and two finalisation rounds, as Redis uses.
@frozen
public struct HashKey: Sendable, Equatable {
  @usableFromInline let k0, k1: UInt64
  /// Bits of the hash that count. All of them, but for tests that force keys to collide.
  @usableFromInline let mask: UInt64

  /// The key of this process. One key for all datasets, so that two lineages can be compared by position.
  public static let process = HashKey(k0: .random(in: 0...UInt64.max), k1: .random(in: 0...UInt64.max))

  public init(k0: UInt64, k1: UInt64, mask: UInt64 = .max) {
    self.k0 = k0
    self.k1 = k1
    self.mask = mask
  }

  @inlinable
  public func hash(_ key: Bytes) -> UInt64 {
    var v0 = k0 ^ 0x736f_6d65_7073_6575
    var v1 = k1 ^ 0x646f_7261_6e64_6f6d
    var v2 = k0 ^ 0x6c79_6765_6e65_7261
    var v3 = k1 ^ 0x7465_6462_7974_6573

    @inline(__always) func round() {
      v0 &+= v1
      v1 = v1 &<< 13 | v1 &>> 51
      v1 ^= v0
      v0 = v0 &<< 32 | v0 &>> 32
      v2 &+= v3
      v3 = v3 &<< 16 | v3 &>> 48
      v3 ^= v2
      v0 &+= v3
      v3 = v3 &<< 21 | v3 &>> 43
      v3 ^= v0
      v2 &+= v1
      v1 = v1 &<< 17 | v1 &>> 47
      v1 ^= v2
      v2 = v2 &<< 32 | v2 &>> 32
    }

    let count = key.count
    var at = 0
    while at &+ 8 <= count {
      let word = unsafe key.base.unsafelyUnwrapped.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      v3 ^= word
      round()
      v0 ^= word
      at &+= 8
    }
    var last = UInt64(truncatingIfNeeded: count) &<< 56
    var shift: UInt64 = 0
    while at < count {
      last |= UInt64(unsafe key.base.unsafelyUnwrapped.load(fromByteOffset: at, as: UInt8.self)) &<< shift
      shift &+= 8
      at &+= 1
    }
    v3 ^= last
    round()
    v0 ^= last
    v2 ^= 0xff
    round()
    round()
    return (v0 ^ v1 ^ v2 ^ v3) & mask
  }
}
