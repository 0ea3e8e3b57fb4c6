public import Engine
internal import Values
public import VersionedStore

/// What FUNCTION DUMP answers and FUNCTION RESTORE takes: the items of an RDB file that hold libraries, the version and
/// the checksum.
public enum FunctionPayload {
  public enum Failure: Error {
    /// The version is too new, or the checksum is wrong.
    case unsound
    /// It holds something other than libraries.
    case notLibraries
    case damaged
  }

  /// The version that Redis 7.0 writes.
  private static let version: UInt8 = 10

  public static func encode(_ libraries: [[UInt8]]) -> [UInt8] {
    var payload: [UInt8] = []
    for library in libraries {
      payload.append(Opcode.function.rawValue)
      payload += length(library.count) + library
    }
    payload += [version, 0]
    var checksum = CRC64()
    payload.withBytes { checksum.update($0) }
    for shift in stride(from: 0, to: 64, by: 8) {
      payload.append(UInt8(truncatingIfNeeded: checksum.value >> UInt64(shift)))
    }
    return payload
  }

  /// A length as RDB files have it.
  private static func length(_ count: Int) -> [UInt8] {
    if count < 1 << 6 { return [UInt8(count)] }
    if count < 1 << 14 { return [0x40 | UInt8(count >> 8), UInt8(count & 0xff)] }
    let isLong = count > Int(UInt32.max)
    let shifts = stride(from: isLong ? 56 : 24, through: 0, by: -8)
    return [isLong ? 0x81 : 0x80] + shifts.map { UInt8(truncatingIfNeeded: count >> $0) }
  }

  /// The sources of the libraries.
  public static func decode(_ payload: Bytes, _ settings: Settings) throws(Failure) -> [[UInt8]] {
    guard RestoreCommand.isSound(payload, settings) else { throw .unsound }
    let body = payload[0..<payload.count - RestoreCommand.footerByteCount]
    if let first = body.first {
      guard first == Opcode.function.rawValue || first == Opcode.functionBeforeRelease.rawValue else {
        throw .notLibraries
      }
    }
    // A file with nothing but the libraries.
    var loader = DatasetLoader(DatasetLoader.Form(databaseCount: 1, countsUses: false), nowMilliseconds: 0)
    var reader = SnapshotReader(stringLimit: settings.protoMaxBulkLen)
    let taken: Int
    do throws(SnapshotError) {
      try reader.receiveAll(Array("REDIS0011".utf8), into: &loader)
      taken = try reader.receive(body, into: &loader)
      try reader.receiveAll([Opcode.end.rawValue] + [UInt8](repeating: 0, count: 8), into: &loader)
    } catch {
      throw .damaged
    }
    // Neither cut short, nor with an end of its own.
    guard reader.isFinished, taken == body.count else { throw .damaged }
    guard reader.counts.keys == 0 else { throw .notLibraries }
    return loader.dataset.attachments
  }
}
