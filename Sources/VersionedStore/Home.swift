/// The trie that a write goes to, and where its bytes are booked: a database, or a collection in one.
struct Home: BitwiseCopyable {
  /// The column of the books; one behind the last database for the root block.
  let database: Int
  /// The collection whose trie or sequence is written, open; nil for a database's own trie.
  let trie: Collection?
  /// The outermost collection on the way, which keeps the books of all that is below it; nil outside of any.
  let ledger: Collection?

  @inline(__always)
  init(_ database: Int) {
    self.database = database
    trie = nil
    ledger = nil
  }

  @inline(__always)
  init(_ database: Int, trie: Collection, ledger: Collection) {
    self.database = database
    self.trie = trie
    self.ledger = ledger
  }
}
