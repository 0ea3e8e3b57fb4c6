internal import Values
internal import VersionedStore

extension Edit {
  /// Stores a string in its usual form.
  @inline(__always)
  func putString(_ key: Key, _ bytes: Bytes, expiry: Int64?) {
    let form = StringForm(bytes)
    put(key, form.value, tag: form.tag, expiry: expiry)
  }

  /// The string at `key`, at least `count` bytes long and with zeros at its end, to be written in place. Its encoding is
  /// raw from now on. A key that is not there begins empty; what `find` gave for it before is not good any more.
  func editString(_ key: Key, _ entry: Entry?, count: Int) -> MutableBytes {
    if let entry, case .word(let word) = entry.value {
      DecimalText(word).withBytes { text in
        dataset.put(
          database, key.bytes, key.hash, .bytes(text), tag: ValueTag.raw, expiry: entry.expiry,
          accessClock: entry.accessClock)
      }
    }
    return editBytes(key, count: count, tag: ValueTag.raw)
  }
}
