/// The versions of one lineage as a tree by parent, with what each holds and what each gave up: numbers only.
///
/// A value, so that what a drop would give back is found by dropping from a copy. The objects themselves follow the
/// `Step`s that a drop returns.
struct VersionTree {
  /// A version, or the open head under the number `head`.
  struct Member {
    var generation: Generation
    /// The version that this one descends from; nil for the first of the lineage.
    var parent: Int?
    /// Children that still exist, the head among them.
    var children = 0
    /// Dropped, but still a branch point or in use by a reader.
    var isHidden = false
    /// Made for a reader that ends by itself, a save or a full sync, and never to be seen.
    var isPassing = false
    /// Readers that walk this version now.
    var pins = 0
    /// What this version holds.
    var held: Ledger
    /// What its parent holds and this version does not.
    var dead: Ledger
  }

  enum Step {
    /// A branch tip goes: free what is younger than `floor` in its tree.
    case release(Int, floor: Generation)
    /// A version with one child goes: free what the child's dead list has of `after..<=through`, give it the rest.
    case absorb(Int, into: Int, after: Generation, through: Generation)
    /// A version with descendants is gone: in the books of these, births `after..<=through` are not told apart any more.
    /// Without it the books would grow with all versions that ever were.
    case coalesce([Int], after: Generation, through: Generation)
  }

  /// The number of the open head among the members.
  static let head = 0

  private(set) var members: [Int: Member] = [:]
  /// How many members are there for a passing reader alone.
  private(set) var readerCount = 0

  subscript(number: Int) -> Member {
    get { members[number]! }
    set { members[number] = newValue }
  }

  /// The generation of the parent of `number`: what was born later is not shared with any older version.
  func floor(of number: Int) -> Generation {
    members[number]!.parent.map { members[$0]!.generation } ?? .none
  }

  mutating func add(_ number: Int, _ member: Member) {
    members[number] = member
    if let parent = member.parent { members[parent]!.children += 1 }
  }

  /// `number` is for a reader that ends by itself.
  mutating func markAsPassing(_ number: Int) {
    members[number]!.isPassing = true
    readerCount += 1
  }

  /// Takes the head out, without regard to what it held.
  mutating func removeHead() -> Int? {
    let parent = members.removeValue(forKey: Self.head)?.parent
    if let parent { members[parent]!.children -= 1 }
    return parent
  }

  /// Puts a new version between the head and its parent.
  mutating func seal(as number: Int, nextHead: Member) {
    var sealed = members[Self.head]!
    sealed.children = 1
    members[number] = sealed
    members[Self.head] = nextHead
    members[Self.head]!.parent = number
  }

  /// Bytes that `number` got since its parent was sealed, and still holds.
  func written(_ number: Int) -> Int {
    let member = members[number]!
    return member.held.sum(after: floor(of: number), through: member.generation)
  }

  /// Bytes that dropping `number` alone would give back.
  func unique(_ number: Int) -> Int {
    let member = members[number]!
    switch member.children {
    case 0: return written(number)
    case 1: return members[child(of: number)]!.dead.sum(after: floor(of: number), through: member.generation)
    default: return 0
    }
  }

  private func child(of number: Int) -> Int { members.first { $0.value.parent == number }!.key }

  /// Drops a version. Returns the bytes given back and what is to be done with the objects, in order.
  mutating func drop(_ number: Int) -> (byteCount: Int, steps: [Step]) {
    members[number]!.isHidden = true
    return settle(number)
  }

  /// Destroys a hidden version with at most one child and no reader, and then its parent if that waited for this.
  mutating func settle(_ number: Int?) -> (byteCount: Int, steps: [Step]) {
    var byteCount = 0
    var steps: [Step] = []
    var next = number
    while let number = next, let member = members[number], member.isHidden, member.pins == 0, member.children <= 1 {
      let floor = floor(of: number)
      byteCount += unique(number)
      if member.children == 0 {
        steps.append(.release(number, floor: floor))
        if let parent = member.parent { members[parent]!.children -= 1 }
      } else {
        let child = child(of: number)
        steps.append(.absorb(number, into: child, after: floor, through: member.generation))
        members[child]!.dead.clear(after: floor, through: member.generation)
        members[child]!.dead.add(member.dead)
        members[child]!.parent = member.parent
        steps += coalesce(below: child, after: floor)
      }
      members[number] = nil
      if member.isPassing { readerCount -= 1 }
      next = member.parent
    }
    return (byteCount, steps)
  }

  /// `child` has taken the place of its parent: its births begin after `floor` now.
  private mutating func coalesce(below child: Int, after floor: Generation) -> [Step] {
    guard child != Self.head else { return [] }
    let through = members[child]!.generation
    let descendants = descendants(of: child)
    for number in descendants {
      members[number]!.held.coalesce(after: floor, through: through)
      members[number]!.dead.coalesce(after: floor, through: through)
    }
    return [.coalesce(descendants, after: floor, through: through)]
  }

  /// A member and all that descend from it.
  private func descendants(of number: Int) -> [Int] {
    let children = Dictionary(grouping: members.keys) { members[$0]!.parent }
    var found = [number]
    var next = 0
    while next < found.count {
      found += children[found[next]] ?? []
      next += 1
    }
    return found
  }
}
