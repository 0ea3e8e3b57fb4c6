internal import Glibc

/// Bytes that come in at the end and leave at the front: a session's unread input, its unsent output.
///
/// A handle: copying it copies nothing, and no reference is counted. Whoever made it calls `deallocate` once.
@safe
public struct ByteQueue {
  @safe
  private struct State {
    var base: UnsafeMutableRawPointer
    /// Where the first byte stands that has not left.
    var head: Int
    /// Behind the last byte.
    var tail: Int
    var capacity: Int
  }

  private let state: UnsafeMutablePointer<State>

  /// An empty queue that has taken `capacity` bytes of memory.
  public init(capacity: Int = 1024) {
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(to: State(base: Self.allocate(capacity), head: 0, tail: 0, capacity: capacity))
  }

  public func deallocate() {
    unsafe free(state.pointee.base)
    unsafe state.deallocate()
  }

  /// Number of bytes in the queue.
  @inline(__always)
  public var count: Int { unsafe state.pointee.tail &- state.pointee.head }
  /// Bytes of memory taken.
  public var capacity: Int { unsafe state.pointee.capacity }

  /// All bytes in the queue; good until the next call that changes it.
  @inline(__always)
  public var bytes: Bytes { unsafe Bytes(base: state.pointee.base + state.pointee.head, count: count) }

  /// Room for `count` more bytes at the end, to be written right away.
  @inline(__always)
  private func room(_ count: Int) -> UnsafeMutableRawPointer {
    if unsafe state.pointee.capacity &- state.pointee.tail < count { makeRoom(count) }
    return unsafe state.pointee.base + state.pointee.tail
  }

  /// Moves the bytes to the front, or to larger memory: twice as large as long as that is little, then by a quarter.
  private func makeRoom(_ count: Int) {
    let used = self.count
    if unsafe state.pointee.head > 0 {
      unsafe memmove(state.pointee.base, state.pointee.base + state.pointee.head, used)
      unsafe state.pointee.head = 0
      unsafe state.pointee.tail = used
    }
    let needed = used + count
    if unsafe needed > state.pointee.capacity {
      let capacity = needed + min(needed, max(4 << 20, needed / 4))
      guard let base = unsafe realloc(state.pointee.base, capacity) else {
        fatalError("out of memory: \(capacity) bytes refused")
      }
      unsafe state.pointee.base = unsafe base
      unsafe state.pointee.capacity = capacity
    }
  }

  /// Takes memory for at least `count` more bytes, so that a large argument does not arrive by doublings.
  public func reserve(_ count: Int) { unsafe _ = room(count) }

  @inline(__always)
  public func append(_ byte: UInt8) {
    unsafe room(1).storeBytes(of: byte, as: UInt8.self)
    unsafe state.pointee.tail &+= 1
  }

  @inline(__always)
  public func append(_ bytes: Bytes) {
    guard bytes.count > 0 else { return }
    unsafe memcpy(room(bytes.count), bytes.base.unsafelyUnwrapped, bytes.count)
    unsafe state.pointee.tail &+= bytes.count
  }

  @inline(__always)
  public func append(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe append(Bytes($0)) }
  }

  /// Appends the `count` (1 to 8) low bytes of `word`, lowest first.
  @inline(__always)
  public func append(word: UInt64, count: Int) {
    unsafe room(8).storeBytes(of: word, as: UInt64.self)
    unsafe state.pointee.tail &+= count
  }

  /// Puts `bytes` before the byte at `offset`.
  public func insert(_ bytes: Bytes, at offset: Int) {
    precondition(offset >= 0 && offset <= count)
    unsafe _ = room(bytes.count)
    let at = unsafe state.pointee.base + state.pointee.head + offset
    unsafe memmove(at + bytes.count, at, count - offset)
    unsafe at.copy(bytes)
    unsafe state.pointee.tail &+= bytes.count
  }

  /// Drops all bytes from `offset` on.
  public func truncate(to offset: Int) {
    precondition(offset >= 0 && offset <= count)
    unsafe state.pointee.tail = state.pointee.head + offset
  }

  /// Drops `count` bytes at the front. An empty queue gives back memory beyond `keep` bytes.
  @inline(__always)
  public func consume(_ count: Int, keep: Int = 1 << 20) {
    precondition(count >= 0 && count <= self.count)
    unsafe state.pointee.head &+= count
    if unsafe state.pointee.head == state.pointee.tail {
      unsafe state.pointee.head = 0
      unsafe state.pointee.tail = 0
      if unsafe state.pointee.capacity > keep { shrink() }
    }
  }

  private func shrink() { resize(to: 1024) }

  /// Gives back the memory of an empty queue beyond `capacity`.
  public func shrink(to capacity: Int) {
    precondition(count == 0)
    if unsafe state.pointee.capacity > capacity { resize(to: capacity) }
  }

  /// Takes memory for `capacity` bytes in all, no more, if there is less.
  public func grow(to capacity: Int) {
    guard unsafe state.pointee.capacity < capacity else { return }
    if count == 0 { resize(to: capacity) } else { reserve(capacity - count) }
  }

  /// Gives an empty queue other memory.
  private func resize(to capacity: Int) {
    unsafe free(state.pointee.base)
    unsafe state.pointee.base = Self.allocate(capacity)
    unsafe state.pointee.capacity = capacity
    unsafe state.pointee.head = 0
    unsafe state.pointee.tail = 0
  }

  private static func allocate(_ capacity: Int) -> UnsafeMutableRawPointer {
    // Of no bytes at all, an allocator may give none.
    guard let base = unsafe malloc(max(capacity, 1)) else {
      fatalError("out of memory: \(capacity) bytes refused")
    }
    return unsafe base
  }
}
