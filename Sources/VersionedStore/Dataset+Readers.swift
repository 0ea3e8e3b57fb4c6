/// What is kept for passing readers alone: saves, full syncs and rewrites of the log walk a sealed state that nobody else sees, and
/// what the states after it have lost stays until they have ended.
extension Dataset {
  /// The generation of the youngest version below the head that is not there for readers alone. What the head holds of later
  /// births belongs to no version.
  var keptGeneration: Generation {
    tree.readers(from: tree.parent(of: VersionTree.head)).last.map(tree.floor(of:)) ?? floor
  }

  /// Bytes that come free when all readers have ended, for nobody else holds them. Where versions branch off from what a
  /// reader walks, it may be more.
  var readerBytes: Int {
    guard tree.readerCount > 0 else { return 0 }
    return tree.members.reduce(0) { $0 + readerBytes(above: $1.key, $1.value) }
  }

  /// What is kept for the readers right above a version or the head, or for those at the end of a branch.
  private func readerBytes(above number: Int, _ member: VersionTree.Member) -> Int {
    let isEnd = member.isPassing && member.children == 0
    guard isEnd || !member.isPassing else { return 0 }
    let readers = tree.readers(from: isEnd ? number : member.parent)
    guard let lowest = readers.last else { return 0 }
    let kept = tree.floor(of: lowest)
    let own =
      isEnd
      ? member.held : number == VersionTree.head ? Ledger(keys: dead.keys, byteCounts: dead.byteCounts) : member.dead
    return readers.dropLast().reduce(own.sum(after: kept)) { $0 + tree[$1].dead.sum(after: kept) }
  }
}

extension VersionTree {
  func parent(of number: Int) -> Int? { members[number]?.parent }

  /// `number`, its parent and so on, as far as they are there for readers alone and nothing branches off.
  func readers(from number: Int?) -> [Int] {
    var readers: [Int] = []
    var next = number
    while let number = next, let member = members[number], member.isPassing, member.children <= 1 {
      readers.append(number)
      next = member.parent
    }
    return readers
  }
}
