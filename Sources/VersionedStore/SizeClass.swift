/// The sizes that the allocator really hands out.
///
/// jemalloc rounds a request up to a size class: multiples of 16 up to 128, then four classes to each doubling. The
/// store counts memory in these rounded bytes, because they are what the machine pays for. The tests hold this function
/// against `nallocx`. Source: jemalloc's manual, "Implementation notes".
enum SizeClass {
  /// The number of bytes that an allocation of `byteCount` bytes takes.
  @inlinable @inline(__always)
  static func round(_ byteCount: Int) -> Int {
    if byteCount <= 128 { return byteCount <= 8 ? 8 : (byteCount + 15) & ~15 }
    let log = Int.bitWidth - 1 - (byteCount - 1).leadingZeroBitCount
    let step = 1 << (log - 2)
    return (byteCount + step - 1) & ~(step - 1)
  }
}
