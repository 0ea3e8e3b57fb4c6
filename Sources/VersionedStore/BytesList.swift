internal import Glibc

/// The arguments of the commands of one batch: borrowed runs in one growing piece of memory, and copies of those few that
/// do not stand in the input as such.
///
/// A handle, as `ByteQueue`; whoever made it calls `deallocate` once.
@safe
public struct BytesList {
  @safe
  private struct State {
    var base: UnsafeMutablePointer<Bytes>
    var count: Int
    var capacity: Int
    var copies: UnsafeMutablePointer<UnsafeMutableRawPointer>
    var copyCount: Int
  }

  private let state: UnsafeMutablePointer<State>

  /// With room for so many arguments, to begin with.
  public init(capacity: Int = 256) {
    let capacity = max(capacity, 1)
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(
      to: State(
        base: .allocate(capacity: capacity), count: 0, capacity: capacity, copies: .allocate(capacity: 0), copyCount: 0)
    )
  }

  public func deallocate() {
    removeAll()
    unsafe state.pointee.copies.deallocate()
    unsafe state.pointee.base.deallocate()
    unsafe state.deallocate()
  }

  @inline(__always)
  public var count: Int { unsafe state.pointee.count }

  @inline(__always)
  public subscript(index: Int) -> Bytes {
    precondition(unsafe UInt(bitPattern: index) < UInt(bitPattern: state.pointee.count), "argument out of range")
    return unsafe state.pointee.base[index]
  }

  @inline(__always)
  public func append(_ bytes: Bytes) {
    if unsafe state.pointee.count == state.pointee.capacity { grow() }
    unsafe (state.pointee.base + state.pointee.count).initialize(to: bytes)
    unsafe state.pointee.count &+= 1
  }

  /// Calls `body` with where the runs from `index` on stand: an address and a length each, as C would lay them out.
  @inline(__always)
  public func withUnsafeElements<R>(from index: Int, _ body: (UnsafeRawPointer) -> R) -> R {
    precondition(index <= count, "argument out of range")
    return unsafe body(UnsafeRawPointer(state.pointee.base + index))
  }

  /// Appends a copy, which lives until `removeAll`.
  public func append(copying bytes: RawSpan) {
    let copy = unsafe malloc(max(bytes.byteCount, 1))!
    unsafe bytes.withUnsafeBytes { unsafe copy.copy(Bytes($0)) }
    let count = unsafe state.pointee.copyCount
    // Full whenever the number is a power of two.
    if count & (count - 1) == 0 {
      let old = unsafe state.pointee.copies
      unsafe state.pointee.copies = .allocate(capacity: max(2 * count, 1))
      unsafe state.pointee.copies.update(from: old, count: count)
      unsafe old.deallocate()
    }
    unsafe state.pointee.copies[count] = copy
    unsafe state.pointee.copyCount = count + 1
    append(unsafe Bytes(base: copy, count: bytes.byteCount))
  }

  /// Forgets all arguments from `count` on; copies stay until `removeAll`.
  @inline(__always)
  public func truncate(to count: Int) {
    precondition(count <= self.count)
    unsafe state.pointee.count = count
  }

  public func removeAll() {
    for index in unsafe 0..<state.pointee.copyCount { unsafe free(state.pointee.copies[index]) }
    unsafe state.pointee.copyCount = 0
    unsafe state.pointee.count = 0
    if unsafe state.pointee.capacity > 1 << 16 { resize(to: 256) }
  }

  private func grow() { resize(to: unsafe state.pointee.capacity * 2) }

  private func resize(to capacity: Int) {
    let old = unsafe state.pointee.base
    unsafe state.pointee.base = .allocate(capacity: capacity)
    unsafe state.pointee.base.update(from: old, count: min(capacity, state.pointee.count))
    unsafe state.pointee.capacity = capacity
    unsafe old.deallocate()
  }
}
