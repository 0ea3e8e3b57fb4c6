internal import Values
internal import VersionedStore

/// The commands on sets, one file for each kind. Behaviour and reply texts follow Redis 7.0.
enum SetCommands {
  static let all = writing + reading + drawing + algebra
}

extension ReadView {
  /// The set at `key`; nil if the key is missing.
  @inline(__always)
  func set(_ key: Key) throws(CommandError) -> SetReader? {
    guard let entry = find(key) else { return nil }
    guard entry.type == .set else { throw .wrongType }
    return SetReader(entry)
  }
}

extension Edit {
  /// The set at `key`, to be written; it need not be there yet.
  @inline(__always)
  func set(_ key: Key) throws(CommandError) -> SetEditor {
    if let entry = find(key), entry.type != .set { throw .wrongType }
    return SetEditor(place(key), limits)
  }

  /// The same for a command that only adds, and that does: a missing key counts as made.
  @inline(__always)
  func set(addingTo key: Key) throws(CommandError) -> SetEditor {
    let entry = find(key)
    if let entry, entry.type != .set { throw .wrongType }
    if entry == nil { created(key) }
    return SetEditor(place(key), limits, addingTo: entry)
  }

  /// The set at `key`, to be read before something is written; nil if the key is missing.
  /// A source is `counted` as a hit or a miss.
  func readSet(_ key: Key, counted: Bool = false) throws(CommandError) -> SetReader? {
    guard let entry = counted ? read(key) : find(key) else { return nil }
    guard entry.type == .set else { throw .wrongType }
    return SetReader(entry)
  }
}
