/// All databases of one lineage: an arena, the open head that is written, and the sealed versions that it came through.
///
/// *The writing rule.* An object whose generation is the open one is written in place. Any other is immutable: it is
/// copied, the copy bears the open generation, and the parent, which is writable by then, points to the copy. So a parent
/// is never older than its child, and a path whose lowest node is open is open as a whole.
///
/// *Death.* An object that leaves the head and was born after the head's parent version (above the `floor`) is freed at
/// once. An older one is that version's: it goes on the head's dead list. There are no reference counts.
///
/// Belongs to one thread at a time. Sealed data may be read from any thread.
@safe
public final class Dataset {
  public let arena = Arena()
  public let databaseCount: Int
  /// A number for this lineage, rising for the life of the process.
  public let lineage: Int
  public let hashKey: HashKey

  /// The generation that writes are stamped with.
  var open: Generation
  /// The generation of the head's parent version.
  var floor = Generation.none
  /// What was born later may be freed the moment it dies. The floor, or higher while jobs of the reclaimer that were made
  /// above a former floor may still read older objects.
  var frozen = Generation.none
  /// The head's root block. When no head is open, the last one, which must not be used.
  var root: RootBlock
  /// Whether there is a head: exactly one dataset of a history has one.
  public internal(set) var isOpen = true
  var path: Path
  var sequencePath: SequencePath

  /// What the head no longer holds of its parent version.
  var dead: DeadList
  /// Bytes of each database that were born since the parent version; the last is the root block's.
  let own: UnsafeMutablePointer<Int>
  /// What older versions hold too: a row for each part of the dead list.
  var held: HeldBytes

  var tree = VersionTree()
  var sealed: [Int: SealedRoot] = [:]
  var reclaimer = Reclaimer()
  /// Goes up with each change of the head, so that what was found before a change can be told from what holds still.
  public internal(set) var changeCount: UInt64 = 0
  /// Texts that belong to the dataset beside its keys and that the store knows nothing of. They are sealed with the head, and
  /// come back with a version.
  public var attachments: [[UInt8]] = []
  /// Some entry within a collection has a time to live, or once had: false spares a walk in search of one. It holds for all
  /// versions of the lineage.
  public internal(set) var hasHadInnerExpiry = false

  /// An empty dataset, open for writing.
  public init(databases: Int, lineage: Int, hashKey: HashKey = Randomness.hashKey) {
    precondition(databases > 0)
    databaseCount = databases
    self.lineage = lineage
    self.hashKey = hashKey
    open = Generation.next()
    let base = unsafe arena.allocate(RootBlock.byteCount(databases: databases))
    root = unsafe RootBlock(base: base)
    root.start(open, databases: databases)
    root.clear()
    path = Path()
    sequencePath = SequencePath()
    dead = DeadList(floor: .none, keys: [])
    held = HeldBytes(databases: databases)
    unsafe own = .allocate(capacity: databases + 1)
    unsafe own.initialize(repeating: 0, count: databases + 1)
    unsafe own[databases] = SizeClass.round(root.byteCount)
    tree.add(VersionTree.head, headMember())
  }

  deinit {
    unsafe own.deallocate()
    path.deallocate()
    sequencePath.deallocate()
  }

  // MARK: Objects

  @inline(__always)
  func allocate(_ byteCount: Int, _ home: Home) -> UnsafeMutableRawPointer {
    let size = SizeClass.round(byteCount)
    unsafe own[home.database] &+= size
    if let ledger = home.ledger { ledger.bookNew(size) }
    return unsafe arena.allocate(byteCount)
  }

  /// One object, without what is below it, leaves the head.
  @inline(__always)
  func bury(_ object: UnsafeMutableRawPointer, _ byteCount: Int, _ birth: Generation, _ home: Home) {
    if let ledger = home.ledger { ledger.book(-SizeClass.round(byteCount), birth) }
    if birth > frozen {
      unsafe own[home.database] &-= SizeClass.round(byteCount)
      unsafe arena.free(object, byteCount)
    } else {
      unsafe buryOld(object, byteCount, birth, home.database)
    }
  }

  private func buryOld(_ object: UnsafeMutableRawPointer, _ byteCount: Int, _ birth: Generation, _ database: Int) {
    let size = SizeClass.round(byteCount)
    guard birth <= floor else {
      unsafe own[database] -= size
      return unsafe reclaimer.free(.init(object, deep: false))
    }
    let index = unsafe dead.bury(.init(object, deep: false), birth: birth, byteCount: size)
    held[index, database] -= size
  }

  @inline(__always)
  func bury(_ node: Node, _ home: Home) { unsafe bury(node.base, node.byteCount, node.generation, home) }

  /// An entry leaves the head, and its value with it.
  @inline(__always)
  func kill(_ entry: Entry, _ home: Home) {
    if entry.form == .object { killObject(of: entry, home) }
    unsafe bury(entry.base, entry.byteCount, entry.generation, home)
  }

  private func killObject(of entry: Entry, _ home: Home) {
    if let collection = entry.collection { kill(collection, home) } else { bury(entry.blob, home) }
  }

  func bury(_ blob: Blob, _ home: Home) { unsafe bury(blob.base, blob.byteCount, blob.generation, home) }

  /// Books an object that moves from one database to another.
  func rebook(_ size: Int, _ birth: Generation, from old: Int, to new: Int) {
    if birth > floor {
      unsafe own[old] -= size
      unsafe own[new] += size
    } else {
      let row = dead.index(of: birth)
      held[row, old] -= size
      held[row, new] += size
    }
  }

  func newNode(_ count: Int, _ home: Home) -> Node {
    let capacity = Node.capacity(for: count)
    let node = unsafe Node(base: allocate(Node.byteCount(capacity: capacity), home))
    node.start(open, capacity: capacity)
    return node
  }

  func newCollision(_ count: Int, _ home: Home) -> Node {
    let capacity = Node.capacity(for: count)
    let node = unsafe Node(base: allocate(Node.byteCount(capacity: capacity), home))
    node.startCollision(open, capacity: capacity)
    return node
  }

  func newEntry(_ content: Entry.Content, _ home: Home) -> Entry {
    let entry = unsafe Entry(base: allocate(content.byteCount, home))
    entry.write(content, open)
    return entry
  }

  func newBlob(count: Int, capacity: Int, _ home: Home) -> Blob {
    let rounded = min(SizeClass.round(Blob.headerByteCount + capacity) - Blob.headerByteCount, Blob.countLimit)
    let blob = unsafe Blob(base: allocate(Blob.headerByteCount + rounded, home))
    blob.start(open, count: count, capacity: rounded)
    return blob
  }

  // MARK: What the head holds

  /// Keys in `database`, those that have expired and were not met yet among them.
  @inline(__always)
  public func keyCount(_ database: Int) -> Int { root[database].keys }
  /// Keys in `database` with a time to live.
  public func expiringCount(_ database: Int) -> Int { root[database].expiring }

  /// Bytes that the head refers to, shared with older versions or not.
  public var referencedBytes: Int { held.total + ownBytes }

  var ownBytes: Int { unsafe UnsafeBufferPointer(start: own, count: databaseCount + 1).reduce(0, +) }

  /// The head, to be read. Good until the next write.
  @inline(__always)
  public var head: Root { Root(block: root, hashKey: hashKey) }

  @inline(__always)
  public func hash(_ key: Bytes) -> UInt64 { hashKey.hash(key) }
}

/// A dataset's root, to be read: that of the open head, or of a sealed version. Never outlives it.
@safe
public struct Root: BitwiseCopyable {
  let block: RootBlock
  public let hashKey: HashKey

  public var databaseCount: Int { block.databaseCount }
  @inline(__always)
  public func keyCount(_ database: Int) -> Int { block[database].keys }
  @inline(__always)
  public func expiringCount(_ database: Int) -> Int { block[database].expiring }
  @inline(__always)
  public func hash(_ key: Bytes) -> UInt64 { hashKey.hash(key) }
  @inline(__always)
  func child(_ database: Int) -> Child { block.slot(database).child }
}

/// What a dataset keeps of a sealed version to be able to read it and to go back to it.
struct SealedRoot {
  var root: RootBlock
  var dead: DeadList
  /// What it holds, the version's own births last.
  var held: [HeldBytes.Cell]
  var attachments: [[UInt8]]
}

/// A dataset belongs to one thread at a time; a staged one is built on the link's thread and then handed over whole.
extension Dataset: @unchecked Sendable {}

/// What a root leads to is only written while it is the open head's; a sealed version's root may go to any thread.
extension Root: @unchecked Sendable {}
