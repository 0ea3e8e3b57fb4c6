internal import CJemalloc

/// One key with its value, in one allocation.
///
///     | generation: 48 bits | tag: u8 | kind, flags: u8 | access clock: 24 bits | key length: u8 |   12 bytes
///     | key length: u32, if the u8 says 255 |                                                       to 16 bytes
///     | expiry: i64, milliseconds since 1970, if flagged |
///     | value: length u8 (the bytes stand at the end), or a 64-bit word, or the address of an object |
///     | key | value bytes, if they are inline |
///
/// The hash is not kept: only an insert that meets an entry in its bucket needs it, and computing it from the key, which
/// is in the cache by then, costs 10 to 15 ns. What that saves puts a key of 18 bytes with a value of 16 into 48 bytes
/// instead of 64.
///
/// `tag` is the caller's (a type and an encoding). The access clock is not part of the version: it is written in place,
/// even in sealed entries, while other threads may read it.
@safe
public struct Entry: BitwiseCopyable {
  let base: UnsafeMutableRawPointer

  /// How the value stands in the entry.
  enum Form: UInt8 {
    case inline = 0
    case word = 0x10
    case object = 0x20
  }

  static let expiresFlag: UInt8 = 0x08
  static let formMask: UInt8 = 0x30
  static let headerByteCount = 12
  /// The longest value that stands inside its entry; longer ones get a blob.
  public static let inlineLimit = 192

  @inline(__always)
  var stamp: Stamp { unsafe base.load(as: Stamp.self) }
  @inline(__always)
  var generation: Generation { stamp.generation }
  @inline(__always)
  public var tag: UInt8 { stamp.detail }
  @inline(__always)
  public var expires: Bool { stamp.flags & Self.expiresFlag != 0 }
  @inline(__always)
  var form: Form { unsafe Form(rawValue: stamp.flags & Self.formMask).unsafelyUnwrapped }

  @inline(__always)
  private var shortKeyCount: UInt8 { unsafe base.load(fromByteOffset: 11, as: UInt8.self) }
  @inline(__always)
  private var expiryOffset: Int { shortKeyCount == 255 ? 16 : 12 }
  @inline(__always)
  private var valueOffset: Int { expiryOffset &+ (expires ? 8 : 0) }
  @inline(__always)
  private var keyOffset: Int { valueOffset &+ (form == .inline ? 1 : 8) }

  @inline(__always)
  var keyCount: Int {
    let short = shortKeyCount
    return short == 255 ? Int(unsafe base.load(fromByteOffset: 12, as: UInt32.self)) : Int(short)
  }

  @inline(__always)
  public var key: Bytes { unsafe Bytes(base: base + keyOffset, count: keyCount) }

  /// When the entry expires, in milliseconds since 1970, or nil.
  @inline(__always)
  public var expiry: Int64? {
    expires ? unsafe base.loadUnaligned(fromByteOffset: expiryOffset, as: Int64.self) : nil
  }

  /// Bytes asked of the allocator for this entry.
  @inline(__always)
  var byteCount: Int { keyOffset &+ keyCount &+ (form == .inline ? inlineCount : 0) }

  @inline(__always)
  var inlineCount: Int { Int(unsafe base.load(fromByteOffset: valueOffset, as: UInt8.self)) }

  /// The value as the caller of the store sees it.
  @inline(__always)
  public var value: StoredValue {
    switch form {
    case .word: .word(word)
    case .inline:
      .bytes(unsafe Bytes(base: base + keyOffset + keyCount, count: inlineCount))
    case .object: .bytes(bytesOfObject)
    }
  }

  @inline(__always)
  var word: Int64 { unsafe base.loadUnaligned(fromByteOffset: valueOffset, as: Int64.self) }

  @inline(__always)
  var object: UnsafeMutableRawPointer {
    assert(form == .object)
    return unsafe base.loadUnaligned(fromByteOffset: valueOffset, as: UnsafeMutableRawPointer.self)
  }

  @inline(__always)
  var blob: Blob { unsafe Blob(base: object) }

  private var bytesOfObject: Bytes {
    precondition(blob.stamp.kind == .blob, "a collection is no run of bytes")
    return blob.bytes
  }

  /// The bytes of an inline value, to be written in place.
  var inlineBytes: MutableBytes {
    unsafe MutableBytes(base: base + keyOffset + keyCount, count: inlineCount)
  }

  /// The 24 bits of the access clock.
  public var accessClock: UInt32 {
    @inline(__always) get { unsafe cambium_load_relaxed_u32(clockAddress) & 0xff_ffff }
    @inline(__always) nonmutating set {
      unsafe cambium_store_relaxed_u32(clockAddress, newValue & 0xff_ffff | UInt32(shortKeyCount) &<< 24)
    }
  }

  @inline(__always)
  private var clockAddress: UnsafeMutablePointer<UInt32> { unsafe (base + 8).assumingMemoryBound(to: UInt32.self) }

  @inline(__always)
  func hasKey(_ other: Bytes) -> Bool { key == other }

  /// Asks for the cache lines of an entry of usual size; it may lie across two.
  @inline(__always)
  func prefetch() {
    unsafe cambium_prefetch(base)
    unsafe cambium_prefetch(base + 47)
  }

  // MARK: Writing

  /// What an entry is made of.
  struct Content {
    var key: Bytes
    var expiry: Int64?
    var tag: UInt8
    var accessClock: UInt32
    var value: Value

    @safe
    enum Value {
      /// These bytes, followed by zeros up to `count`, which is at most `inlineLimit`.
      case inline(Bytes, count: Int)
      case word(Int64)
      /// A blob or a collection.
      case object(UnsafeMutableRawPointer)
    }

    /// Bytes to ask of the allocator.
    @inline(__always)
    var byteCount: Int {
      var bytes = Entry.headerByteCount &+ (key.count >= 255 ? 4 : 0) &+ (expiry == nil ? 0 : 8) &+ key.count
      if case .inline(_, let count) = value { bytes &+= 1 &+ count } else { bytes &+= 8 }
      return bytes
    }
  }

  /// Writes a whole new entry. No part of `content` may lie in this very memory.
  @inline(__always)
  func write(_ content: Content, _ generation: Generation) {
    var flags: UInt8 = content.expiry == nil ? 0 : Self.expiresFlag
    switch content.value {
    case .inline: break
    case .word: flags |= Form.word.rawValue
    case .object: flags |= Form.object.rawValue
    }
    unsafe base.storeBytes(of: Stamp(generation, .entry, flags: flags, detail: content.tag), as: Stamp.self)
    let count = content.key.count
    let short = UInt32(Swift.min(count, 255))
    unsafe base.storeBytes(of: content.accessClock & 0xff_ffff | short &<< 24, toByteOffset: 8, as: UInt32.self)
    var offset = 12
    if short == 255 {
      unsafe base.storeBytes(of: UInt32(count), toByteOffset: offset, as: UInt32.self)
      offset &+= 4
    }
    if let expiry = content.expiry {
      unsafe base.storeBytes(of: expiry, toByteOffset: offset, as: Int64.self)
      offset &+= 8
    }
    switch content.value {
    case .inline(let value, let valueCount):
      unsafe base.storeBytes(of: UInt8(valueCount), toByteOffset: offset, as: UInt8.self)
      offset &+= 1
      unsafe (base + offset).copy(content.key)
      unsafe (base + (offset &+ count)).copy(value)
      if valueCount > value.count { inlineBytes.clear(value.count..<valueCount) }
    case .word(let word):
      unsafe base.storeBytes(of: word, toByteOffset: offset, as: Int64.self)
      unsafe (base + (offset &+ 8)).copy(content.key)
    case .object(let object):
      unsafe base.storeBytes(of: object, toByteOffset: offset, as: UnsafeMutableRawPointer.self)
      unsafe (base + (offset &+ 8)).copy(content.key)
    }
  }

  /// Replaces the bytes of an inline value; the entry's memory must have room for them.
  @inline(__always)
  func overwriteInline(_ value: Bytes) {
    unsafe base.storeBytes(of: UInt8(value.count), toByteOffset: valueOffset, as: UInt8.self)
    unsafe (base + keyOffset + keyCount).copy(value)
  }

  func setInlineCount(_ count: Int) {
    unsafe base.storeBytes(of: UInt8(count), toByteOffset: valueOffset, as: UInt8.self)
  }

  /// Lengthens an inline value by zeros; the entry's memory must have room for them.
  func extendInline(to count: Int) {
    let old = inlineCount
    unsafe base.storeBytes(of: UInt8(count), toByteOffset: valueOffset, as: UInt8.self)
    inlineBytes.clear(old..<count)
  }

  func overwriteWord(_ word: Int64) {
    assert(form == .word)
    unsafe base.storeBytes(of: word, toByteOffset: valueOffset, as: Int64.self)
  }

  func overwriteObject(_ object: UnsafeMutableRawPointer) {
    assert(form == .object)
    unsafe base.storeBytes(of: object, toByteOffset: valueOffset, as: UnsafeMutableRawPointer.self)
  }

  func overwriteExpiry(_ expiry: Int64) {
    assert(expires)
    unsafe base.storeBytes(of: expiry, toByteOffset: expiryOffset, as: Int64.self)
  }

  func overwriteTag(_ tag: UInt8) {
    unsafe base.storeBytes(of: tag, toByteOffset: 6, as: UInt8.self)
  }
}

/// A value as it stands in the store.
@frozen
public enum StoredValue {
  /// Bytes; good until the next write to the dataset.
  case bytes(Bytes)
  /// One 64-bit number, stored as such.
  case word(Int64)
}

extension UnsafeMutableRawPointer {
  @inline(__always)
  func copy(_ bytes: Bytes) {
    guard bytes.count > 0 else { return }
    unsafe copyMemory(from: bytes.base.unsafelyUnwrapped, byteCount: bytes.count)
  }
}
