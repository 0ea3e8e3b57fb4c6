/// Gives memory back in slices: what was dropped, flushed or rolled back is walked a few thousand objects at a time, so
/// that the serving loop never stops for it.
///
/// Jobs run in the order in which they came. That order is what makes them safe: a walk reads the stamps of objects that
/// an older version still holds, and the job that frees that version's objects comes later.
struct Reclaimer {
  private struct Job {
    /// Objects still to look at.
    var stack: ContiguousArray<DeadList.Item>
    var blocks: [ContiguousArray<DeadList.Item>]
    /// What is not younger than this belongs to an older version.
    var floor: Generation
    /// Where the parts of a subtree go that an older version holds; nil if that version holds them anyway.
    var remainder: DeadList?
    /// Single objects, without what is below them.
    var isPlain = false
    /// Made of what a job before it left over.
    var isLate = false
  }

  private var jobs: [Job] = []
  /// Values freed so far of those that it would have taken time to free at once.
  private(set) var largeValueCount = 0

  /// Bytes up to which a value is no large one: about what 64 small objects take, from where on Redis frees lazily.
  private static let smallByteCount = 4096

  var isIdle: Bool { jobs.isEmpty }

  /// Frees what is younger than `floor` in the subtree at `top`, which nobody else holds. The older parts go to `list`,
  /// or nowhere if the version that has them is known to hold them still.
  mutating func release(_ top: DeadList.Item, floor: Generation, remainder list: DeadList? = nil) {
    jobs.append(Job(stack: [top], blocks: [], floor: floor, remainder: list))
  }

  /// Frees one object that nobody holds, after all that waits.
  mutating func free(_ item: DeadList.Item) {
    assert(!item.isDeep)
    if let last = jobs.indices.last, jobs[last].isPlain {
      jobs[last].stack.append(item)
    } else {
      jobs.append(Job(stack: [item], blocks: [], floor: .none, remainder: nil, isPlain: true))
    }
  }

  /// Frees items that are all younger than the floor of `list`; the older parts of deep ones go to `list`.
  mutating func bury(_ blocks: [ContiguousArray<DeadList.Item>], remainder list: DeadList) {
    guard !blocks.isEmpty else { return }
    jobs.append(Job(stack: [], blocks: blocks, floor: list.floor, remainder: list))
  }

  /// Frees up to `limit` objects. Returns whether nothing is left to do.
  mutating func run(_ arena: Arena, limit: Int) -> Bool {
    var left = limit
    while left > 0, !jobs.isEmpty {
      if let item = jobs[0].stack.popLast() {
        visit(item, arena)
        left -= 1
      } else if let block = jobs[0].blocks.popLast() {
        jobs[0].stack = block
      } else {
        jobs.removeFirst()
      }
    }
    return jobs.isEmpty
  }

  /// What is older than the floor of its job belongs to an older version, unless that was dropped since the job was made:
  /// then its list's floor has sunk, and the object is nobody's. It waits its turn all the same, because jobs that were
  /// made meanwhile may still read its stamp.
  private mutating func pass(_ item: DeadList.Item, birth: Generation, to remainder: DeadList?) {
    guard let list = remainder?.current else { return }
    if birth <= list.floor {
      list.appendLate(item, birth: birth)
    } else if let last = jobs.indices.last, last > 0, jobs[last].isLate, jobs[last].remainder === list,
      jobs[last].floor == list.floor
    {
      jobs[last].stack.append(item)
    } else {
      jobs.append(Job(stack: [item], blocks: [], floor: list.floor, remainder: list, isLate: true))
    }
  }

  private mutating func visit(_ item: DeadList.Item, _ arena: Arena) {
    let object = unsafe item.object
    let stamp = unsafe object.load(as: Stamp.self)
    if stamp.generation <= jobs[0].floor { return pass(item, birth: stamp.generation, to: jobs[0].remainder) }
    switch stamp.kind {
    case .node, .collision:
      let node = unsafe Node(base: object)
      if item.isDeep { for index in 0..<node.count { jobs[0].stack.append(node[index].item) } }
      unsafe arena.free(object, node.byteCount)
    case .entry:
      let entry = unsafe Entry(base: object)
      if item.isDeep && entry.form == .object { unsafe jobs[0].stack.append(.init(entry.object, deep: true)) }
      unsafe arena.free(object, entry.byteCount)
    case .blob:
      unsafe arena.free(object, Blob(base: object).byteCount)
    case .root:
      let root = unsafe RootBlock(base: object)
      if item.isDeep {
        for database in 0..<root.databaseCount {
          let child = root.slot(database).child
          if !child.isEmpty { jobs[0].stack.append(child.item) }
        }
      }
      unsafe arena.free(object, root.byteCount)
    case .collection:
      let collection = unsafe Collection(base: object)
      if item.isDeep {
        if collection.allocatedBytes > Self.smallByteCount { largeValueCount += 1 }
        if !collection.root.isEmpty { jobs[0].stack.append(collection.root.item) }
        if let top = unsafe collection.sequenceTop { unsafe jobs[0].stack.append(.init(top, deep: true)) }
      }
      unsafe arena.free(object, collection.byteCount)
    case .branch:
      let branch = unsafe Branch(base: object)
      if item.isDeep {
        for index in 0..<branch.count { unsafe jobs[0].stack.append(.init(branch[index].object, deep: true)) }
      }
      unsafe arena.free(object, branch.byteCount)
    }
  }
}

extension Child {
  /// This child and all below it.
  var item: DeadList.Item { unsafe .init(isEntry ? entry.base : node.base, deep: true) }
}
