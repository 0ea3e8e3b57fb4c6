internal import Glibc
public import VersionedStore

/// How many different elements there were, within 0.81 %: 16384 registers, each with the length of the longest run of zeros
/// that the hash of an element with its index ended in.
///
/// Stored as Redis stores it, byte for byte: a header of 16 bytes ("HYLL", the encoding, three zeros, the estimate as a
/// little-endian u64 whose highest bit says that it is out of date), then 6 bits a register (dense), or (sparse) runs:
///
///     00llllll            l + 1 registers of 0
///     01llllll llllllll   l + 1 registers of 0
///     1vvvvvll            l + 1 registers of v + 1
///
/// Estimate: Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", arXiv:1702.01284.
public struct HyperLogLog {
  public private(set) var bytes: [UInt8]

  static let headerByteCount = 16
  public static let registerCount = 1 << 14
  static let denseByteCount = headerByteCount + registerCount * 6 / 8
  private static let maxSparseValue: UInt8 = 32

  /// An empty one.
  public init() {
    bytes = Array("HYLL".utf8) + [1] + [UInt8](repeating: 0, count: 11) + [0x7f, 0xff]
  }

  /// Nil for a string that has another header, or not the length of the dense form.
  public init?(_ string: StringReader) {
    // The header comes first: a long string is not copied to find out that it is something else.
    let count = string.count
    guard count >= Self.headerByteCount else { return nil }
    let head = string.array(in: 0..<Self.headerByteCount)
    guard head[..<4] == [UInt8]("HYLL".utf8)[...], head[4] <= 1 else { return nil }
    guard head[4] == 1 || count == Self.denseByteCount else { return nil }
    bytes = string.array
  }

  public var isDense: Bool { bytes[4] == 0 }

  /// The estimate that is kept with the registers; nil if they have changed since.
  public var cardinality: UInt64? {
    guard bytes[15] & 0x80 == 0 else { return nil }
    return (0..<8).reduce(0) { $0 | UInt64(bytes[8 + $1]) << UInt64(8 * $1) }
  }

  public mutating func invalidateCardinality() { bytes[15] |= 0x80 }

  public mutating func setCardinality(_ count: UInt64) {
    for index in 0..<8 { bytes[8 + index] = UInt8(truncatingIfNeeded: count >> UInt64(8 * index)) }
  }

  // MARK: Elements

  /// Counts an element. Returns whether a register changed; nil if the registers are corrupt.
  public mutating func add(_ element: Bytes, sparseLimit: Int) -> Bool? {
    let hash = Self.hash(element)
    let index = Int(hash & UInt64(Self.registerCount - 1))
    let rest = hash >> 14 | 1 << 50
    return set(index, UInt8(rest.trailingZeroBitCount + 1), sparseLimit: sparseLimit)
  }

  /// Raises a register to a value. Returns whether it was lower; nil if the registers are corrupt.
  private mutating func set(_ index: Int, _ value: UInt8, sparseLimit: Int) -> Bool? {
    if isDense { return setDense(index, value) }
    return setSparse(index, value, sparseLimit)
  }

  /// MurmurHash2, the 64-bit version for 64-bit platforms (Appleby), with the seed that Redis has.
  static func hash(_ bytes: Bytes) -> UInt64 {
    let multiplier: UInt64 = 0xc6a4_a793_5bd1_e995
    var hash = 0xadc8_3b19 ^ UInt64(bytes.count) &* multiplier
    var at = 0
    while at + 8 <= bytes.count {
      var word = bytes.littleEndian(at: at, as: UInt64.self) &* multiplier
      word = (word ^ word >> 47) &* multiplier
      hash = (hash ^ word) &* multiplier
      at += 8
    }
    if at < bytes.count {
      for index in at..<bytes.count { hash ^= UInt64(bytes[index]) << UInt64(8 * (index - at)) }
      hash = hash &* multiplier
    }
    hash = (hash ^ hash >> 47) &* multiplier
    return hash ^ hash >> 47
  }

  // MARK: Dense

  private static func place(_ index: Int) -> (byte: Int, shift: Int) {
    (headerByteCount + index * 6 / 8, index * 6 & 7)
  }

  private func dense(_ index: Int) -> UInt8 {
    let (byte, shift) = Self.place(index)
    let next = byte + 1 < bytes.count ? UInt16(bytes[byte + 1]) : 0
    return UInt8((UInt16(bytes[byte]) | next << 8) >> UInt16(shift) & 63)
  }

  private mutating func setDense(_ index: Int, _ value: UInt8) -> Bool {
    guard dense(index) < value else { return false }
    let (byte, shift) = Self.place(index)
    let (mask, bits) = (UInt16(63) << UInt16(shift), UInt16(value) << UInt16(shift))
    bytes[byte] = bytes[byte] & ~UInt8(truncatingIfNeeded: mask) | UInt8(truncatingIfNeeded: bits)
    if shift > 2 { bytes[byte + 1] = bytes[byte + 1] & ~UInt8(mask >> 8) | UInt8(bits >> 8) }
    return true
  }

  /// Goes over to the dense form. False if the registers are corrupt.
  public mutating func makeDense() -> Bool {
    if isDense { return true }
    var registers = Registers()
    guard merge(into: &registers) else { return false }
    var dense = Array(bytes[..<Self.headerByteCount])
    dense[4] = 0
    dense += [UInt8](repeating: 0, count: Self.denseByteCount - Self.headerByteCount)
    bytes = dense
    for index in 0..<Self.registerCount where registers[index] > 0 { _ = setDense(index, registers[index]) }
    return true
  }

  // MARK: Sparse

  /// A run of registers.
  private struct Run {
    var value: UInt8
    var length: Int
    var byteCount: Int
  }

  private func run(at offset: Int) -> Run? {
    let first = bytes[offset]
    switch first >> 6 {
    case 0: return Run(value: 0, length: Int(first) + 1, byteCount: 1)
    case 1:
      guard offset + 1 < bytes.count else { return nil }
      return Run(value: 0, length: (Int(first & 0x3f) << 8 | Int(bytes[offset + 1])) + 1, byteCount: 2)
    default: return Run(value: first >> 2 & 0x1f + 1, length: Int(first & 3) + 1, byteCount: 1)
    }
  }

  private static func zeros(_ count: Int) -> [UInt8] {
    count > 64 ? [0x40 | UInt8((count - 1) >> 8), UInt8(truncatingIfNeeded: count - 1)] : [UInt8(count - 1)]
  }

  private static func values(_ value: UInt8, _ count: Int) -> UInt8 { 0x80 | (value - 1) << 2 | UInt8(count - 1) }

  private mutating func setSparse(_ index: Int, _ value: UInt8, _ limit: Int) -> Bool? {
    guard value <= Self.maxSparseValue else { return promote(index, value) }
    var (at, first, former) = (Self.headerByteCount, 0, Self.headerByteCount)
    var found: Run?
    while at < bytes.count {
      guard let run = run(at: at) else { return nil }
      if index < first + run.length {
        found = run
        break
      }
      first += run.length
      former = at
      at += run.byteCount
    }
    guard let run = found else { return nil }
    if run.value >= value { return false }
    if run.length == 1, run.byteCount == 1 {
      bytes[at] = Self.values(value, 1)
    } else {
      let (before, after) = (index - first, first + run.length - 1 - index)
      var pieces: [UInt8] = []
      if before > 0 { pieces += run.value == 0 ? Self.zeros(before) : [Self.values(run.value, before)] }
      pieces.append(Self.values(value, 1))
      if after > 0 { pieces += run.value == 0 ? Self.zeros(after) : [Self.values(run.value, after)] }
      let growth = pieces.count - run.byteCount
      if growth > 0, bytes.count + growth > limit { return promote(index, value) }
      bytes.replaceSubrange(at..<at + run.byteCount, with: pieces)
    }
    mergeRuns(from: former)
    return true
  }

  private mutating func promote(_ index: Int, _ value: UInt8) -> Bool? {
    guard makeDense() else { return nil }
    return setDense(index, value)
  }

  /// Joins neighbours of one value, around the place of a change: at most five runs are looked at.
  private mutating func mergeRuns(from start: Int) {
    var at = start
    for _ in 0..<5 {
      guard at < bytes.count else { return }
      let first = bytes[at]
      if first >> 6 == 1 {
        at += 2
        continue
      }
      if first >> 7 == 1, at + 1 < bytes.count, bytes[at + 1] >> 7 == 1, (first ^ bytes[at + 1]) & 0x7c == 0 {
        let length = Int(first & 3) + Int(bytes[at + 1] & 3) + 2
        if length <= 4 {
          bytes[at + 1] = first & 0xfc | UInt8(length - 1)
          bytes.remove(at: at)
          continue
        }
      }
      at += 1
    }
  }

  /// The runs as PFDEBUG DECODE shows them; nil in the dense form.
  public var sparseText: String? {
    guard !isDense else { return nil }
    var (text, at) = ("", Self.headerByteCount)
    while at < bytes.count {
      // Where a byte is missing at the end of corrupt runs, a zero stands, as behind every string of Redis.
      let run = run(at: at) ?? Run(value: 0, length: Int(bytes[at] & 0x3f) << 8 + 1, byteCount: 2)
      text +=
        run.value > 0 ? "v:\(run.value),\(run.length) " : run.byteCount == 2 ? "Z:\(run.length) " : "z:\(run.length) "
      at += run.byteCount
    }
    return text.isEmpty ? text : String(text.dropLast())
  }

  // MARK: Registers

  /// One byte a register.
  public struct Registers {
    private var values = [UInt8](repeating: 0, count: HyperLogLog.registerCount)

    public init() {}

    public fileprivate(set) subscript(index: Int) -> UInt8 {
      get { values[index] }
      set { values[index] = newValue }
    }

    /// The number of different elements.
    public var estimate: UInt64 {
      var counts = [Int](repeating: 0, count: 64)
      for value in values { counts[Int(value & 63)] += 1 }
      let total = Double(HyperLogLog.registerCount)
      var z = total * HyperLogLog.tau((total - Double(counts[51])) / total)
      for index in stride(from: 50, through: 1, by: -1) {
        z += Double(counts[index])
        z *= 0.5
      }
      z += total * HyperLogLog.sigma(Double(counts[0]) / total)
      let estimate = (0.721347520444481703680 * total * total / z).rounded(.toNearestOrAwayFromZero)
      return estimate < 1e18 ? UInt64(estimate) : 0
    }
  }

  private static func sigma(_ x: Double) -> Double {
    if x == 1 { return .infinity }
    var (x, y, z) = (x, 1.0, x)
    while true {
      x *= x
      let former = z
      z += x * y
      y += y
      if former == z { return z }
    }
  }

  private static func tau(_ x: Double) -> Double {
    if x == 0 || x == 1 { return 0 }
    var (x, y, z) = (x, 1.0, 1 - x)
    while true {
      x = x.squareRoot()
      let former = z
      y *= 0.5
      z -= pow(1 - x, 2) * y
      if former == z { return z / 3 }
    }
  }

  /// Raises registers to these where they are higher. False if these are corrupt.
  public func merge(into registers: inout Registers) -> Bool {
    if isDense {
      for index in 0..<Self.registerCount { registers[index] = max(registers[index], dense(index)) }
      return true
    }
    var (at, index) = (Self.headerByteCount, 0)
    while at < bytes.count {
      guard let run = run(at: at), index + run.length <= Self.registerCount else { return false }
      if run.value > 0 {
        for register in index..<index + run.length { registers[register] = max(registers[register], run.value) }
      }
      index += run.length
      at += run.byteCount
    }
    return index == Self.registerCount
  }

  /// Raises these registers. False if they are corrupt.
  public mutating func take(_ registers: Registers, sparseLimit: Int) -> Bool {
    for index in 0..<Self.registerCount where registers[index] > 0 {
      guard set(index, registers[index], sparseLimit: sparseLimit) != nil else { return false }
    }
    return true
  }

  /// What is wrong with registers or estimates; nil if nothing is.
  public static func selfTest() -> String? {
    var log = HyperLogLog()
    guard log.makeDense() else { return "an empty count cannot be made dense" }
    var expected = [UInt8](repeating: 0, count: registerCount)
    for index in 0..<registerCount {
      expected[index] = UInt8(hash(of: index) & 63)
      _ = log.setDense(index, expected[index])
    }
    for index in 0..<registerCount where log.dense(index) != expected[index] {
      return "register \(index) should be \(expected[index]) but is \(log.dense(index))"
    }
    var counts = HyperLogLog()
    var checkpoint = 1
    for element in 1...100_000 {
      withText(element) { _ = counts.add($0, sparseLimit: 3000) }
      guard element == checkpoint else { continue }
      checkpoint *= 10
      var registers = Registers()
      guard counts.merge(into: &registers) else { return "corrupt registers" }
      let error = abs(Double(registers.estimate) - Double(element))
      // Six times the standard error, and one for small numbers.
      guard error <= max(6 * 1.04 / 128 * Double(element), 1) else {
        return "\(registers.estimate) elements estimated where there were \(element)"
      }
    }
    return nil
  }

  private static func hash(of number: Int) -> UInt64 { withText(number) { hash($0) } }

  private static func withText<R>(_ number: Int, _ body: (Bytes) -> R) -> R {
    Array("\(number)".utf8).withBytes(body)
  }
}
