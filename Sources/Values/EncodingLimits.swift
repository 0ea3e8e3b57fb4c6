/// Up to where values keep their compact encodings: names and defaults of redis.conf.
public struct EncodingLimits: Sendable, Equatable {
  /// `hash-max-listpack-entries`, `hash-max-listpack-value` (bytes).
  public var hashEntries = 512
  public var hashValue = 64
  /// `list-max-listpack-size`: elements in a leaf if positive; -1 to -5 stand for 4 to 64 kB.
  public var listSize = -2
  /// `list-compress-depth`: kept for CONFIG, nothing is compressed in memory.
  public var listCompressDepth = 0
  /// `set-max-intset-entries`.
  public var setIntegers = 512
  /// `zset-max-listpack-entries`, `zset-max-listpack-value` (bytes).
  public var sortedSetEntries = 128
  public var sortedSetValue = 64
  /// `hll-sparse-max-bytes`.
  public var hyperLogLogSparseBytes = 3000
  /// `stream-node-max-bytes`, `stream-node-max-entries`; 0 sets no limit.
  public var streamNodeBytes = 4096
  public var streamNodeEntries = 100
  /// DEBUG QUICKLIST-PACKED-THRESHOLD: an element of so many bytes stands alone in its leaf.
  public var listPlainThreshold = Self.listPlainDefault
  public static let listPlainDefault = 1 << 30

  public init() {}

  /// More elements than this are not packed, whatever the configuration says: their number is kept in 16 bits.
  public static let packedEntries = 32_767
}
