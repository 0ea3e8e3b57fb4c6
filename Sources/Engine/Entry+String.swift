internal import Values
public import VersionedStore

extension Entry {
  /// The value as a string; throws `.wrongType` for any other type.
  @inline(__always)
  var string: StoredValue {
    get throws(CommandError) {
      guard type == .string else { throw .wrongType }
      return value
    }
  }
}

extension Edit {
  /// Stores a string in its usual form.
  @inline(__always)
  func putString(_ key: Key, _ bytes: Bytes, expiry: Int64?) {
    let form = StringForm(bytes)
    put(key, form.value, tag: form.tag, expiry: expiry)
  }
}
