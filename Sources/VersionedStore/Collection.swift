/// A large value: a trie of entries of its own, a sequence of packed leaves of its own, some words, or any of these
/// together, under one header. A hash has a trie, a list a sequence, a sorted set both.
///
///     | generation: 48 bits | 0: u8 | kind: u8 | trie: u64 | entries: u64 | expiring: u64 |
///     | sequence: u64 | weight: u64 | key of a sole leaf: u64 | height: u8 | 0: u8 | words: u16 | rows: u32 |
///     | word: u64 × words | (birth: u64, bytes: i64) × rows |
///
/// The rows are the *ledger*: how many bytes of the collection, the header among them, were born in the generations up to
/// each `birth` and after that of the row before, the header's own generation last. With it a collection of any size
/// leaves the head in constant time, the books exact, as a database does when it is flushed. There are not more rows than
/// there were versions to tell births apart when the header was copied last. A collection within a collection has no
/// rows; the outer one's count for it.
///
/// A handle to be read; it may be of the open head or of a sealed version. Good as long as what it was found in: until the
/// next write to the dataset, or as long as the version.
@safe
public struct Collection: BitwiseCopyable {
  let base: UnsafeMutableRawPointer

  struct Header: BitwiseCopyable {
    var stamp: Stamp
    var trie: UInt = 0
    var count = 0
    var expiring = 0
    var sequence: UInt = 0
    var weight = 0
    var soleKey: UInt64 = 0
    var height: UInt8 = 0
    var padding: UInt8 = 0
    var words: UInt16 = 0
    var rows: UInt32 = 0
  }

  struct Row: BitwiseCopyable {
    var birth: Generation
    var byteCount: Int
  }

  @inline(__always)
  var header: UnsafeMutablePointer<Header> { unsafe base.assumingMemoryBound(to: Header.self) }
  @inline(__always)
  var generation: Generation { unsafe header.pointee.stamp.generation }

  /// Entries in the trie.
  @inline(__always)
  public var count: Int { unsafe header.pointee.count }
  /// Entries in the trie with a time to live.
  public var expiringCount: Int { unsafe header.pointee.expiring }
  /// The sum of the weights of all leaves of the sequence: elements, or bytes, as the type counts.
  @inline(__always)
  public var weight: Int { unsafe header.pointee.weight }
  /// The number of words that the collection was made with.
  public var wordCount: Int { Int(unsafe header.pointee.words) }
  /// Bytes of memory that the header and all below it take, as rounded by the allocator. For a collection within a
  /// collection only those of the outer one are known: 0.
  public var allocatedBytes: Int { (0..<ledgerCount).reduce(0) { $0 + ledgerRow($1).byteCount } }

  /// A word of the type's own.
  @inline(__always)
  public func word(_ index: Int) -> UInt64 {
    precondition(index >= 0 && index < wordCount, "no such word")
    return unsafe words[index]
  }

  func setWord(_ index: Int, _ value: UInt64) {
    precondition(index >= 0 && index < wordCount, "no such word")
    unsafe words[index] = value
  }

  // MARK: Layout

  static func byteCount(words: Int, rows: Int) -> Int {
    MemoryLayout<Header>.size + words * 8 + rows * MemoryLayout<Row>.stride
  }

  var byteCount: Int { Self.byteCount(words: wordCount, rows: ledgerCount) }

  @inline(__always)
  private var words: UnsafeMutablePointer<UInt64> {
    unsafe (base + MemoryLayout<Header>.size).assumingMemoryBound(to: UInt64.self)
  }
  @inline(__always)
  private var rows: UnsafeMutablePointer<Row> {
    unsafe (base + (MemoryLayout<Header>.size &+ wordCount &* 8)).assumingMemoryBound(to: Row.self)
  }

  func start(_ generation: Generation, words count: Int, rows: Int) {
    unsafe header.initialize(
      to: Header(stamp: Stamp(generation, .collection), words: UInt16(count), rows: UInt32(rows)))
    for index in 0..<count { unsafe words[index] = 0 }
  }

  /// Takes over all but the stamp and the ledger from another header with as many words.
  func copyContent(of other: Collection) {
    let (stamp, rows) = unsafe (header.pointee.stamp, header.pointee.rows)
    unsafe header.pointee = other.header.pointee
    unsafe header.pointee.stamp = stamp
    unsafe header.pointee.rows = rows
    for index in 0..<wordCount { unsafe words[index] = other.words[index] }
  }

  // MARK: The ledger

  @inline(__always)
  var ledgerCount: Int { Int(unsafe header.pointee.rows) }

  func ledgerRow(_ index: Int) -> Row {
    assert(index < ledgerCount)
    return unsafe rows[index]
  }

  func setLedgerRow(_ index: Int, _ row: Row) {
    assert(index < ledgerCount)
    unsafe rows[index] = row
  }

  /// Books bytes that are born now; the header is open.
  @inline(__always)
  func bookNew(_ byteCount: Int) { unsafe rows[ledgerCount &- 1].byteCount &+= byteCount }

  @inline(__always)
  func book(_ byteCount: Int, _ birth: Generation) {
    var index = ledgerCount &- 1
    while index > 0, unsafe rows[index &- 1].birth >= birth { index &-= 1 }
    unsafe rows[index].byteCount &+= byteCount
  }

  // MARK: The trie's root

  @inline(__always)
  var slot: Slot {
    unsafe Slot(address: (base + MemoryLayout<Header>.offset(of: \.trie)!).assumingMemoryBound(to: UInt.self))
  }
  @inline(__always)
  var root: Child { unsafe Child(word: header.pointee.trie) }

  @inline(__always)
  func add(count: Int, expiring: Int) {
    unsafe header.pointee.count &+= count
    unsafe header.pointee.expiring &+= expiring
  }
}

extension Entry {
  /// The collection that is the value; nil if the value is bytes or a word.
  @inline(__always)
  public var collection: Collection? {
    guard form == .object else { return nil }
    let collection = unsafe Collection(base: object)
    return unsafe collection.header.pointee.stamp.kind == .collection ? collection : nil
  }
}
