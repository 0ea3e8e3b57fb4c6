/// The way that the last `locate` took down the trie. One for each dataset, so that a write needs no memory for it.
@safe
struct Path {
  struct Step: BitwiseCopyable {
    var node: Node
    /// Where the child on the way stands, or would stand, in the node.
    var index: Int
    /// Its bucket; nothing in a collision node.
    var bucket: UInt32
  }

  private let steps: UnsafeMutablePointer<Step>
  /// The number of nodes on the way.
  var depth = 0

  init() { unsafe steps = .allocate(capacity: levelCount + 1) }

  func deallocate() { unsafe steps.deallocate() }

  @inline(__always)
  mutating func append(_ node: Node, index: Int, bucket: UInt32) {
    unsafe steps[depth] = Step(node: node, index: index, bucket: bucket)
    depth &+= 1
  }

  @inline(__always)
  subscript(level: Int) -> Step {
    get {
      assert(level < depth)
      return unsafe steps[level]
    }
    nonmutating set { unsafe steps[level] = newValue }
  }
}
