internal import Values
internal import VersionedStore

/// The commands on lists, one file for each kind. Behaviour and reply texts follow Redis 7.0.
enum ListCommands {
  static let all = pushing + popping + reading + changing + finding + blocking
}

extension ReadView {
  /// The list at `key`; nil if the key is missing.
  @inline(__always)
  func list(_ key: Key) throws(CommandError) -> ListReader? {
    guard let entry = find(key) else { return nil }
    guard entry.type == .list else { throw .wrongType }
    return ListReader(entry)
  }
}

extension Edit {
  /// The list at `key`, to be read before something is written; nil if the key is missing.
  @inline(__always)
  func readList(_ key: Key) throws(CommandError) -> ListReader? {
    guard let entry = find(key) else { return nil }
    guard entry.type == .list else { throw .wrongType }
    return ListReader(entry)
  }

  /// Counts and tells that elements were taken from an end of a list.
  @inline(__always)
  func popped(_ count: Int, from key: Key, atHead: Bool) {
    changed(key, .list(atHead ? "lpop" : "rpop"), count: count)
    tellIfGone(key)
  }

  /// The list at `key`, to be written; its type has been looked at.
  @inline(__always)
  func listEditor(_ key: Key) -> ListEditor { ListEditor(place(key), limits) }
}

extension Call {
  /// What LMPOP and ZMPOP say of the number of elements, from argument `index` on: `COUNT number`, or 1.
  func popCount(_ index: Int) throws(CommandError) -> Int {
    guard count > index else { return 1 }
    guard count > index + 1, matches(index, "count") else { throw .syntax }
    let wanted = try integer(index + 1, or: .noCount)
    guard wanted > 0 else { throw .noCount }
    guard count == index + 2 else { throw .syntax }
    return Int(wanted)
  }
}

extension ListReader {
  /// What a client means by two numbers, negative ones counted from the end: a range of elements that are there.
  func range(from first: Int64, through last: Int64) -> Range<Int> {
    let count = Int64(count)
    let start = max(first < 0 ? first + count : first, 0)
    let end = min(last < 0 ? last + count : last, count - 1)
    return start > end || start >= count ? 0..<0 : Int(start)..<Int(end) + 1
  }
}
