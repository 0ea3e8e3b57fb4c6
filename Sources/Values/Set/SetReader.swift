public import VersionedStore

/// A set, to be read: of the live dataset or of a sealed version, on any thread.
@safe
public struct SetReader {
  enum Form {
    case integers(IntegerSet)
    case packed(PackedValue)
    case trie(VersionedStore.Collection)
  }

  let form: Form

  /// `entry` must hold a set.
  @inline(__always)
  public init(_ entry: Entry) {
    if let collection = entry.collection {
      form = .trie(collection)
    } else if entry.tag == ValueTag.integerSet, case .bytes(let bytes) = entry.value {
      form = .integers(IntegerSet(bytes))
    } else if let packed = PackedValue(entry) {
      form = .packed(packed)
    } else {
      preconditionFailure("not a set")
    }
  }

  public var count: Int {
    switch form {
    case .integers(let set): set.count
    case .packed(let packed): packed.count
    case .trie(let trie): trie.count
    }
  }

  /// The members as sorted integers; nil in any other form.
  public var integers: IntegerSet? {
    if case .integers(let set) = form { set } else { nil }
  }
  /// The trie of a large set.
  public var trie: VersionedStore.Collection? {
    if case .trie(let trie) = form { trie } else { nil }
  }

  @inline(__always)
  public func contains(_ member: Bytes, _ hash: @autoclosure () -> UInt64) -> Bool {
    switch form {
    case .integers(let set): Packed.integer(member).map(set.contains) ?? false
    case .packed(let packed): packed.elements.find(member) != nil
    case .trie(let trie): trie.find(member, hash()) != nil
    }
  }

  /// Meets all members until `visit` returns false.
  public func forEach<E: Error>(_ visit: (StoredValue) throws(E) -> Bool) throws(E) {
    switch form {
    case .integers(let set):
      for index in 0..<set.count {
        guard try visit(.word(set[index])) else { return }
      }
    case .packed(let packed):
      var at = packed.elements.start
      while at < packed.elements.end {
        let (member, next) = packed.elements.element(at: at)
        guard try visit(member) else { return }
        at = next
      }
    case .trie(let trie):
      try trie.forEach { entry throws(E) in try visit(.bytes(entry.key)) }
    }
  }

  /// A member chosen so that every one is equally likely; nil if there is none.
  public func random(using generator: inout some RandomNumberGenerator) -> StoredValue? {
    guard count > 0 else { return nil }
    switch form {
    case .integers(let set): return .word(set[Int.random(in: 0..<count, using: &generator)])
    case .packed(let packed):
      let at = packed.elements.offset(
        ofIndex: Int.random(in: 0..<count, using: &generator), count: packed.count)
      return packed.elements.element(at: at).value
    case .trie(let trie): return trie.randomEntry(using: &generator).map { .bytes($0.key) }
    }
  }
}
