internal import Values
internal import VersionedStore

extension Entry {
  /// The value as a string; throws `.wrongType` for any other type.
  @inline(__always)
  var string: StringReader {
    get throws(CommandError) {
      guard type == .string else { throw .wrongType }
      return StringReader(self)
    }
  }
}
