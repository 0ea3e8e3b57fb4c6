extension Child {
  /// The entry of `key` at or below this child, which stands at `level`.
  @inline(__always)
  func find(_ key: Bytes, _ hash: UInt64) -> Entry? {
    var child = self
    var rest = hash
    while child.word & 3 == 0 {
      guard child.word != 0 else { return nil }
      let node = child.node
      let bit: UInt32 = 1 &<< UInt32(truncatingIfNeeded: rest & 31)
      let bitmap = node.bitmap
      guard bitmap & bit != 0 else { return nil }
      child = node[(bitmap & (bit &- 1)).nonzeroBitCount]
      rest &>>= 5
    }
    if child.isEntry { return child.entry.hasKey(key) ? child.entry : nil }
    return child.node.collisionIndex(of: key).map { child.node[$0].entry }
  }
}

extension Node {
  /// Where `key` stands in this collision node.
  func collisionIndex(of key: Bytes) -> Int? {
    (0..<count).first { self[$0].entry.hasKey(key) }
  }
}

extension Root {
  /// The entry of `key`, whether it has expired or not.
  @inline(__always)
  public func find(_ database: Int, _ key: Bytes, _ hash: UInt64) -> Entry? {
    child(database).find(key, hash)
  }
}
