internal import Values
internal import VersionedStore

extension Edit {
  /// Stores a string in its usual form.
  @inline(__always)
  func putString(_ key: Key, _ bytes: Bytes, expiry: Int64?) {
    guard bytes.count <= StringForm.wholeLimit else { return putLongString(key, bytes, expiry: expiry) }
    let form = StringForm(bytes)
    put(key, form.value, tag: form.tag, expiry: expiry)
  }

  private func putLongString(_ key: Key, _ bytes: Bytes, expiry: Int64?) {
    if hasAudience || tellsEffects { prepareToPut(key) }
    if expiry != nil { noteExpiry(key) }
    StringEditor.put(bytes, at: place(key, accessClock: accessClock(forNew: key)), expiry: expiry)
  }

  /// Stores a string whose encoding is raw, whatever it holds.
  func putRawString(_ key: Key, _ bytes: [UInt8], expiry: Int64?) {
    if hasAudience || tellsEffects { prepareToPut(key) }
    if expiry != nil { noteExpiry(key) }
    let place = place(key, accessClock: accessClock(forNew: key))
    bytes.withBytes { StringEditor.put(raw: $0, at: place, expiry: expiry) }
  }

  /// The string at `key`, to be changed; `entry` is what `find` gave for the key. That something was changed is for the
  /// command to count.
  @inline(__always)
  func editString(_ key: Key, _ entry: Entry?) -> StringEditor {
    StringEditor(entry.map { place(key, accessClock: $0.accessClock) } ?? place(key), entry)
  }
}
