/// The 24 bits that an entry remembers of its last access, read by eviction and by `OBJECT IDLETIME` and `FREQ`.
///
/// The memory policy says which of two forms they have. Both lose a little at each wrap-around, as users know them to.
public enum AccessClock {
  /// When an entry was last used: seconds, modulo 2^24 (194 days).
  @frozen
  public struct LRU: Equatable, Sendable {
    @usableFromInline static var mask: UInt32 { 0xFF_FFFF }
    /// Less than 2^24.
    public let rawValue: UInt32

    /// The bits of an entry; those above 24 are dropped.
    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue & Self.mask }

    /// The clock at a time since 1970.
    @inlinable
    public init(milliseconds: Int64) {
      self.init(rawValue: UInt32(truncatingIfNeeded: milliseconds / 1000))
    }

    /// The clock of an entry last used `idleSeconds` before `now`, for RESTORE with IDLETIME. Idle times beyond the
    /// clock's range wrap around.
    @inlinable
    public init(idleSeconds: Int64, before now: LRU) {
      let range = Int64(Self.mask)
      let seconds = Int64(now.rawValue) - max(idleSeconds, 0) % range
      self.init(rawValue: UInt32(seconds < 0 ? seconds + range : seconds))
    }

    /// Milliseconds since the last use, in whole seconds, if the clock has wrapped around at most once.
    @inlinable
    public func idleMilliseconds(at now: LRU) -> UInt64 {
      let seconds =
        now.rawValue >= rawValue ? now.rawValue - rawValue : now.rawValue + (Self.mask - rawValue)
      return UInt64(seconds) * 1000
    }
  }

  /// How often an entry is used: 16 bits for the minute of the last access, 8 for a counter that grows with the
  /// logarithm of the uses and decays with time.
  ///
  ///     |  minute: 16 bits, modulo 2^16 (45 days)  |  counter: 8 bits  |
  @frozen
  public struct LFU: Equatable, Sendable {
    /// What a new entry starts with, so that it is not the next to be evicted.
    @inlinable public static var initialCounter: UInt8 { 5 }
    /// Less than 2^24.
    public let rawValue: UInt32

    /// The bits of an entry; those above 24 are dropped.
    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue & 0xFF_FFFF }

    /// A counter last touched at a time since 1970.
    @inlinable
    public init(counter: UInt8 = LFU.initialCounter, milliseconds: Int64) {
      rawValue = Self.minute(milliseconds) << 8 | UInt32(counter)
    }

    /// The counter now: one less for each `decayMinutes` since the last access (`lfu-decay-time`; 0 for no decay).
    @inlinable
    public func counter(milliseconds: Int64, decayMinutes: Int) -> UInt8 {
      let counter = UInt8(truncatingIfNeeded: rawValue)
      guard decayMinutes > 0 else { return counter }
      let last = rawValue >> 8
      let now = Self.minute(milliseconds)
      let elapsed = now >= last ? now - last : 0xFFFF - last + now
      let periods = Int(elapsed) / decayMinutes
      return periods >= Int(counter) ? 0 : counter - UInt8(periods)
    }

    /// The bits after one more access. The counter grows with a probability of 1 / (uses so far × `logFactor` + 1), for
    /// which `random` is any number of 32 uniform bits (`lfu-log-factor`).
    @inlinable
    public func accessed(milliseconds: Int64, decayMinutes: Int, logFactor: Int, random: UInt32) -> LFU {
      let decayed = counter(milliseconds: milliseconds, decayMinutes: decayMinutes)
      return LFU(counter: Self.grown(decayed, logFactor: logFactor, random: random), milliseconds: milliseconds)
    }

    @inlinable
    static func grown(_ counter: UInt8, logFactor: Int, random: UInt32) -> UInt8 {
      guard counter < .max else { return counter }
      let uses = Double(counter > initialCounter ? counter - initialCounter : 0)
      let chance = 1 / (uses * Double(logFactor) + 1)
      return Double(random) / 0x1p32 < chance ? counter + 1 : counter
    }

    @inlinable
    static func minute(_ milliseconds: Int64) -> UInt32 {
      UInt32(truncatingIfNeeded: milliseconds / 60_000) & 0xFFFF
    }
  }
}
