internal import Values
internal import VersionedStore

/// DEBUG DIGEST: 20 bytes that two datasets have in common if they hold the same, here and in Redis 7.0.
///
/// What has an order is mixed (each part changes what comes behind it), what has none is combined by exclusive or.
enum DatasetDigest {
  static func digest(of root: Root) -> SHA1.Digest {
    var all = SHA1.Digest(repeating: 0)
    for database in 0..<root.databaseCount where root.keyCount(database) > 0 {
      mix(bigEndian(UInt32(database)), into: &all)
      root.forEach(database) { entry in
        var digest = SHA1.Digest(repeating: 0)
        mix(entry.key, into: &digest)
        add(entry, to: &digest)
        combine(digest, into: &all)
        return true
      }
    }
    return all
  }

  /// Of a value, without its key.
  static func digest(of entry: Entry) -> SHA1.Digest {
    var digest = SHA1.Digest(repeating: 0)
    add(entry, to: &digest)
    return digest
  }

  static func text(_ digest: SHA1.Digest) -> String {
    digest.span.indices.map { String(UInt16(digest[$0]) + 0x100, radix: 16).dropFirst() }.joined()
  }

  private static func bigEndian(_ number: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  private static func combine(_ hash: SHA1.Digest, into digest: inout SHA1.Digest) {
    // The bytes are hashed first, as all that is combined.
    var sha = SHA1()
    sha.update((0..<20).map { hash[$0] })
    combine(hashed: sha.digest(), into: &digest)
  }

  private static func combine(_ bytes: some Sequence<UInt8>, into digest: inout SHA1.Digest) {
    var sha = SHA1()
    sha.update(bytes)
    combine(hashed: sha.digest(), into: &digest)
  }

  private static func combine(hashed: SHA1.Digest, into digest: inout SHA1.Digest) {
    for index in 0..<20 { digest[index] ^= hashed[index] }
  }

  private static func mix(_ bytes: some Sequence<UInt8>, into digest: inout SHA1.Digest) {
    var sha = SHA1()
    sha.update(bytes)
    mix(hashed: sha.digest(), into: &digest)
  }

  private static func mix(_ string: StringReader, into digest: inout SHA1.Digest) {
    var sha = SHA1()
    string.forEachChunk { bytes, _ in
      sha.update(bytes)
      return true
    }
    mix(hashed: sha.digest(), into: &digest)
  }

  private static func mix(hashed: SHA1.Digest, into digest: inout SHA1.Digest) {
    combine(hashed: hashed, into: &digest)
    var sha = SHA1()
    sha.update((0..<20).map { digest[$0] })
    digest = sha.digest()
  }

  private static func mix(_ value: StoredValue, into digest: inout SHA1.Digest) {
    value.withBytes { mix($0, into: &digest) }
  }

  private static func add(_ entry: Entry, to digest: inout SHA1.Digest) {
    mix(bigEndian(UInt32(entry.type.rawValue)), into: &digest)
    switch entry.type {
    case .string: mix(StringReader(entry), into: &digest)
    case .list:
      ListReader(entry).forEach { element in
        mix(element, into: &digest)
        return true
      }
    case .set:
      SetReader(entry).forEach { member in
        member.withBytes { combine($0, into: &digest) }
        return true
      }
    case .sortedSet:
      SortedSetReader(entry).forEach { member, score in
        var part = SHA1.Digest(repeating: 0)
        mix(member, into: &part)
        FloatText(score).withBytes { mix($0, into: &part) }
        combine(part, into: &digest)
        return true
      }
    case .hash:
      HashReader(entry).forEach { field, value, _ in
        var part = SHA1.Digest(repeating: 0)
        mix(field, into: &part)
        mix(value, into: &part)
        combine(part, into: &digest)
        return true
      }
    case .stream:
      StreamReader(entry).forEach(from: .least, through: .greatest) { entry in
        mix("\(entry.id.milliseconds).\(entry.id.sequence)".utf8, into: &digest)
        entry.forEachField { field, value in
          mix(field, into: &digest)
          mix(value, into: &digest)
        }
        return true
      }
    }
    if entry.expiry != nil { combine(Bytes("!!expire!!"), into: &digest) }
  }
}
