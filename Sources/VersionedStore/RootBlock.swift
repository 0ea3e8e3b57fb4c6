/// The top of a dataset: one record for each database, in one allocation. Committing or rolling back a dataset is storing
/// the address of one of these.
///
///     | generation: 48 bits | 0: u8 | kind: u8 | databases: u64 | (root: u64, keys: u64, expiring: u64) × databases |
@safe
struct RootBlock: BitwiseCopyable {
  struct Record: BitwiseCopyable {
    var root: UInt
    var keys: Int
    var expiring: Int
  }

  let base: UnsafeMutableRawPointer

  static func byteCount(databases: Int) -> Int { 16 + databases * MemoryLayout<Record>.stride }

  var stamp: Stamp { unsafe base.load(as: Stamp.self) }
  var generation: Generation { stamp.generation }
  var databaseCount: Int { unsafe base.load(fromByteOffset: 8, as: Int.self) }
  var byteCount: Int { Self.byteCount(databases: databaseCount) }

  @inline(__always)
  private func record(_ database: Int) -> UnsafeMutablePointer<Record> {
    assert(database >= 0 && database < databaseCount)
    return unsafe (base + 16).assumingMemoryBound(to: Record.self) + database
  }

  @inline(__always)
  func slot(_ database: Int) -> Slot {
    unsafe Slot(address: UnsafeMutableRawPointer(record(database)).assumingMemoryBound(to: UInt.self))
  }

  @inline(__always)
  subscript(database: Int) -> Record {
    get { unsafe record(database).pointee }
    nonmutating set { unsafe record(database).pointee = newValue }
  }

  /// Adds to the counts of keys, and of keys with a time to live.
  @inline(__always)
  func count(_ database: Int, keys: Int, expiring: Int) {
    unsafe record(database).pointee.keys &+= keys
    unsafe record(database).pointee.expiring &+= expiring
  }

  func start(_ generation: Generation, databases: Int) {
    unsafe base.storeBytes(of: Stamp(generation, .root), as: Stamp.self)
    unsafe base.storeBytes(of: databases, toByteOffset: 8, as: Int.self)
  }

  /// All records empty.
  func clear() {
    for database in 0..<databaseCount { self[database] = Record(root: 0, keys: 0, expiring: 0) }
  }
}
