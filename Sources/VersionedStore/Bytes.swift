public import Glibc

/// A borrowed run of bytes: an argument in a session's input, a key in an entry, a value in the store.
///
/// Owns nothing and retains nothing, so that it travels through the hot path for free; it is good until its owner
/// changes (for an argument: until the command returns; for stored bytes: until the next write to the dataset).
/// Every access is checked against `count`.
@safe @frozen
public struct Bytes: RandomAccessCollection, Equatable {
  @usableFromInline let base: UnsafeRawPointer?
  /// Number of bytes.
  public let count: Int

  @inlinable
  public init(_ bytes: UnsafeRawBufferPointer) {
    unsafe base = bytes.baseAddress
    count = bytes.count
  }

  @inlinable
  package init(base: UnsafeRawPointer?, count: Int) {
    unsafe self.base = unsafe base
    self.count = count
  }

  /// Bytes of the program's own text, which live for ever.
  @inlinable
  public init(_ text: StaticString) {
    precondition(text.hasPointerRepresentation)
    unsafe base = UnsafeRawPointer(text.utf8Start)
    count = text.utf8CodeUnitCount
  }

  /// No bytes.
  @inlinable
  public init() {
    unsafe base = nil
    count = 0
  }

  @inlinable public var startIndex: Int { 0 }
  @inlinable public var endIndex: Int { count }

  @inlinable
  public subscript(index: Int) -> UInt8 {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "byte index out of range")
    return unsafe base.unsafelyUnwrapped.load(fromByteOffset: index, as: UInt8.self)
  }

  @inlinable
  public subscript(range: Range<Int>) -> Bytes {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "byte range out of range")
    return unsafe Bytes(base: base.map { unsafe $0 + range.lowerBound }, count: range.count)
  }

  /// Calls `body` with the raw bytes; they must not escape it.
  @inlinable
  public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    try unsafe body(UnsafeRawBufferPointer(start: base, count: count))
  }

  @inlinable
  public func withContiguousStorageIfAvailable<R>(_ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R? {
    let typed = unsafe UnsafeBufferPointer(start: base?.assumingMemoryBound(to: UInt8.self), count: count)
    return try unsafe body(typed)
  }

  @inlinable
  public static func == (a: Bytes, b: Bytes) -> Bool {
    guard a.count == b.count else { return false }
    guard a.count > 0 else { return true }
    return unsafe memcmp(a.base.unsafelyUnwrapped, b.base.unsafelyUnwrapped, a.count) == 0
  }

  /// Byte order, a shorter run before a longer one that it begins (as `memcmp` and then the length).
  @inlinable
  public static func < (a: Bytes, b: Bytes) -> Bool {
    let common = Swift.min(a.count, b.count)
    let order =
      common == 0 ? 0 : unsafe memcmp(a.base.unsafelyUnwrapped, b.base.unsafelyUnwrapped, common)
    return order == 0 ? a.count < b.count : order < 0
  }
}

extension Array where Element == UInt8 {
  /// Calls `body` with the array's bytes as a borrowed run; it must not escape `body`.
  @inlinable
  public func withBytes<R, E: Error>(_ body: (Bytes) throws(E) -> R) throws(E) -> R {
    let result: Result<R, E> = unsafe self.withUnsafeBytes { raw in
      do throws(E) { return .success(try body(unsafe Bytes(raw))) } catch { return .failure(error) }
    }
    return try result.get()
  }
}
