internal import CJemalloc

/// What a slot of the trie holds: nothing, a node, a collision node or an entry. A tagged pointer in one word.
@safe
struct Child: Equatable, BitwiseCopyable {
  let word: UInt

  static let none = Child(word: 0)

  @inline(__always)
  init(word: UInt) { self.word = word }
  @inline(__always)
  init(_ node: Node) { unsafe word = UInt(bitPattern: node.base) | (node.isCollision ? 2 : 0) }
  @inline(__always)
  init(_ entry: Entry) { unsafe word = UInt(bitPattern: entry.base) | 1 }

  @inline(__always)
  var isEmpty: Bool { word == 0 }
  @inline(__always)
  var isEntry: Bool { word & 1 != 0 }
  /// A node of the trie proper, or a collision node.
  @inline(__always)
  var isNode: Bool { word != 0 && word & 1 == 0 }
  @inline(__always)
  var isCollision: Bool { word & 2 != 0 }

  @inline(__always)
  var node: Node {
    assert(isNode)
    return unsafe Node(base: UnsafeMutableRawPointer(bitPattern: word & ~3).unsafelyUnwrapped)
  }
  @inline(__always)
  var entry: Entry {
    assert(isEntry)
    return unsafe Entry(base: UnsafeMutableRawPointer(bitPattern: word & ~3).unsafelyUnwrapped)
  }

  /// The stamp of what is here; there must be something.
  @inline(__always)
  var stamp: Stamp { isEntry ? entry.stamp : node.stamp }

  /// Whether something with a time to live is here or below.
  @inline(__always)
  var expires: Bool { isEntry ? entry.expires : word != 0 && node.expires }

  /// Asks for the first cache line of what is here.
  @inline(__always)
  func prefetch() { unsafe cambium_prefetch(UnsafeRawPointer(bitPattern: word & ~3)) }
}

/// A place that holds a child: a slot of a node, or the root of a database in the root block.
@safe
struct Slot: BitwiseCopyable {
  let address: UnsafeMutablePointer<UInt>

  @inline(__always)
  var child: Child {
    get { unsafe Child(word: address.pointee) }
    nonmutating set { unsafe address.pointee = newValue.word }
  }
}
