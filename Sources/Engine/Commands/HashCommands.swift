internal import Values
internal import VersionedStore

/// The commands on hashes, one file for each kind. Behaviour and reply texts follow Redis 7.0.
enum HashCommands {
  static let all = writing + counting + reading + walking + expiring
}

extension ReadView {
  /// The hash at `key`; nil if the key is missing.
  @inline(__always)
  func hash(_ key: Key) throws(CommandError) -> HashReader? {
    guard let entry = find(key) else { return nil }
    guard entry.type == .hash else { throw .wrongType }
    return HashReader(entry)
  }
}

extension Edit {
  /// The hash at `key`, to be written; it need not be there yet.
  @inline(__always)
  func hash(_ key: Key) throws(CommandError) -> HashEditor {
    if let entry = find(key), entry.type != .hash { throw .wrongType }
    return HashEditor(place(key), limits)
  }

  /// The same for a command that only adds, and that does: a missing key counts as made.
  @inline(__always)
  func hash(addingTo key: Key) throws(CommandError) -> HashEditor {
    let entry = find(key)
    if let entry, entry.type != .hash { throw .wrongType }
    if entry == nil { created(key) }
    return HashEditor(place(key), limits, addingTo: entry)
  }
}
