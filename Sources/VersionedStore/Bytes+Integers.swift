extension Bytes {
  /// The little-endian integer that begins at `index`.
  @inline(__always)
  public func littleEndian<T: FixedWidthInteger & BitwiseCopyable>(at index: Int, as type: T.Type) -> T {
    precondition(index >= 0 && index <= count - MemoryLayout<T>.size, "integer out of range")
    return T(littleEndian: unsafe base.unsafelyUnwrapped.loadUnaligned(fromByteOffset: index, as: T.self))
  }

  /// The big-endian integer that begins at `index`.
  @inline(__always)
  public func bigEndian<T: FixedWidthInteger & BitwiseCopyable>(at index: Int, as type: T.Type) -> T {
    littleEndian(at: index, as: type).byteSwapped
  }
}
