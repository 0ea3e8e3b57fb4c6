internal import Values
public import VersionedStore

/// The arguments of one command wherever they stand: in a batch, in a transaction, in a script's call, or behind other
/// arguments, as those of ACL DRYRUN do. Borrowed.
public struct CommandArguments {
  private let list: BytesList
  private let first: Int
  public let count: Int

  public init(_ list: BytesList, first: Int = 0, count: Int) {
    self.list = list
    self.first = first
    self.count = count
  }

  /// Argument `index`; the command's name is 0.
  public subscript(index: Int) -> Bytes {
    precondition(index >= 0 && index < count, "no such argument")
    return list[first + index]
  }

  /// Whether argument `index` is this word, in any case.
  func matches(_ index: Int, _ word: StaticString) -> Bool { self[index].equalsIgnoringCase(word) }
}

extension Call {
  /// The arguments from `index` on, as those of a command that begins there.
  func arguments(from index: Int) -> CommandArguments {
    CommandArguments(arguments, first: first + index, count: count - index)
  }
}
