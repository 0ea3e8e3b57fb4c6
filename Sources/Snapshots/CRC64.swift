public import VersionedStore

/// The checksum at the end of an RDB file: CRC-64 with the Jones polynomial, reflected in and out, beginning at 0,
/// no final inversion. The check value of "123456789" is `e9c6d914c4b8d9ca`.
///
/// Eight bytes a step ("slicing by 8", Kounavis and Berry 2005): table `k` holds what a byte does to the remainder once
/// `k` more bytes have followed it, so that the eight lookups of a step do not wait for each other.
public struct CRC64: Sendable {
  /// The remainder over all bytes so far.
  public private(set) var value: UInt64 = 0

  public init() {}

  public mutating func update(_ bytes: Bytes) {
    let tables = Self.tables.span
    var remainder = value
    var index = 0
    while index <= bytes.count - 8 {
      let word = remainder ^ bytes.littleEndian(at: index, as: UInt64.self)
      remainder =
        tables[0x700 + Int(word & 0xff)]
        ^ tables[0x600 + Int(word >> 8 & 0xff)]
        ^ tables[0x500 + Int(word >> 16 & 0xff)]
        ^ tables[0x400 + Int(word >> 24 & 0xff)]
        ^ tables[0x300 + Int(word >> 32 & 0xff)]
        ^ tables[0x200 + Int(word >> 40 & 0xff)]
        ^ tables[0x100 + Int(word >> 48 & 0xff)]
        ^ tables[Int(word >> 56)]
      index += 8
    }
    while index < bytes.count {
      remainder = tables[Int(UInt8(truncatingIfNeeded: remainder) ^ bytes[index])] ^ remainder >> 8
      index += 1
    }
    value = remainder
  }

  /// 0xad93d23594c935a9 with its bits reversed.
  private static let polynomial: UInt64 = 0x95ac_9329_ac4b_c9b5

  /// Eight tables of 256, one after the other.
  private static let tables: [UInt64] = {
    var tables = [UInt64](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var remainder = UInt64(byte)
      for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ polynomial : remainder >> 1 }
      tables[byte] = remainder
    }
    for entry in 256..<tables.count {
      let before = tables[entry - 256]
      tables[entry] = tables[Int(before & 0xff)] ^ before >> 8
    }
    return tables
  }()
}
