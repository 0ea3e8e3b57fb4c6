internal import Engine
internal import RESP
internal import Values
internal import VersionedStore

/// RESTORE: a value from what DUMP has answered.
///
/// The value is put together in a dataset of its own, so that a bad payload changes nothing.
enum RestoreCommand {
  /// Version, CRC.
  static let footerByteCount = 10
  private static let newestVersion = 12
  private static let typesWithExpiringFields: ClosedRange<UInt8> = 22...25

  private struct Options {
    var replaces = false
    var isAbsolute = false
    var access = AccessHint.none
  }

  static let restore = Command(
    "restore", arity: .atLeast(4), flags: [.write, .denyOOM], categories: [.keyspace, .dangerous],
    keys: [.one([.overwrite, .update])], group: .generic, since: "2.6.0",
    complexity: "O(N) in the length of the value.", "Makes a key of what DUMP has answered.",
    .write { call, edit throws(CommandError) in try run(&call, edit) })

  private static func run(_ call: inout Call, _ edit: Edit) throws(CommandError) {
    let options = try options(&call)
    let key = call.key(1)
    if !options.replaces, edit.find(key) != nil { throw call.refuse("BUSYKEY Target key name already exists.") }
    var expiry = try call.integer(2)
    guard expiry >= 0 else { throw call.refuse("ERR Invalid TTL value, must be >= 0") }
    let payload = call[3]
    guard isSound(payload, edit.settings) else { throw call.refuse("ERR DUMP payload version or checksum are wrong") }
    let body = payload[0..<payload.count - footerByteCount]
    edit.noteChecked()
    guard
      let loader = load(
        body, key.bytes, options.access, edit, now: call.now, isFromPrimary: call.session.isPrimary),
      loader.outcome.emptyKeys == 0
    else { throw call.refuse("ERR Bad data format") }
    if expiry > 0, !options.isAbsolute {
      let (sum, overflows) = expiry.addingReportingOverflow(call.now)
      expiry = overflows ? .max : sum
    }
    // The entry lies in the loader's arena, which is to live until it is copied.
    withExtendedLifetime(loader) {
      let isReplaced = options.replaces && edit.discard(key)
      // All fields of a hash may have expired on the way. A replica keeps what its primary has restored until that says
      // that it is gone.
      guard let entry = loader.dataset.head.find(0, key.bytes, loader.dataset.hash(key.bytes)),
        expiry == 0 || !edit.isOver(expiry)
      else {
        if isReplaced {
          edit.changed(key, .generic("del"))
          edit.tellRemovalInstead(key, isLazy: false)
        }
        return
      }
      edit.copy(
        entry, to: key, expiry: expiry == 0 ? nil : expiry,
        accessClock: options.access == .none ? nil : entry.accessClock)
      edit.created(key)
      edit.changed(key, .generic("restore"))
      if edit.tellsEffects { tell(&call, edit, entry, expiry, options) }
    }
    call.reply.ok()
  }

  /// Tells of the time when the key expires in place of the time that it has to live, and of a hash from which fields may
  /// have been left out as it is now.
  private static func tell(_ call: inout Call, _ edit: Edit, _ entry: Entry, _ expiry: Int64, _ options: Options) {
    let isRelative = expiry > 0 && !options.isAbsolute
    let payload = ByteQueue()
    defer { payload.deallocate() }
    if typesWithExpiringFields.contains(call[3].first ?? 0) {
      try? DumpCommand.append(
        entry, newestVersion: edit.settings.rdbNewestVersion, compresses: edit.settings.rdbCompression, to: payload)
    }
    guard isRelative || payload.count > 0 else { return }
    edit.tellInstead(count: call.count + (isRelative ? 1 : 0)) { writer in
      for index in 0..<call.count {
        switch index {
        case 2: writer.bulk(Int(expiry))
        case 3 where payload.count > 0: writer.bulk(payload.bytes)
        default: writer.bulk(call[index])
        }
      }
      if isRelative { writer.bulk("ABSTTL") }
    }
  }

  private static func options(_ call: inout Call) throws(CommandError) -> Options {
    var options = Options()
    var index = 4
    while index < call.count {
      let hasValue = index + 1 < call.count
      if call.matches(index, "replace") {
        options.replaces = true
      } else if call.matches(index, "absttl") {
        options.isAbsolute = true
      } else if call.matches(index, "idletime"), hasValue, !options.access.isFrequency {
        let seconds = try call.integer(index + 1)
        guard seconds >= 0 else { throw call.refuse("ERR Invalid IDLETIME value, must be >= 0") }
        options.access = .idleSeconds(UInt64(seconds))
        index += 1
      } else if call.matches(index, "freq"), hasValue, !options.access.isIdleTime {
        guard let frequency = UInt8(exactly: try call.integer(index + 1)) else {
          throw call.refuse("ERR Invalid FREQ value, must be >= 0 and <= 255")
        }
        options.access = .frequency(frequency)
        index += 1
      } else {
        throw .syntax
      }
      index += 1
    }
    return options
  }

  static func isSound(_ payload: Bytes, _ settings: Settings) -> Bool {
    guard payload.count > footerByteCount else { return false }
    let end = payload.count - footerByteCount
    guard payload.littleEndian(at: end, as: UInt16.self) <= newestVersion else { return false }
    if settings.skipsChecksums { return true }
    var checksum = CRC64()
    checksum.update(payload[0..<end + 2])
    return checksum.value == payload.littleEndian(at: end + 2, as: UInt64.self)
  }

  /// A dataset with the value under its key; nil if the payload is no value.
  private static func load(
    _ payload: Bytes, _ key: Bytes, _ access: AccessHint, _ edit: Edit, now: Int64, isFromPrimary: Bool
  ) -> DatasetLoader? {
    guard let type = payload.first, ValueType(typeByte: type) != nil else { return nil }
    var form = DatasetLoader.Form(databaseCount: 1, countsUses: edit.settings.countsUses)
    form.limits = edit.limits
    // What comes later may have kept it from expiring, where another server or a log says what has expired.
    form.dropsExpired = !edit.leavesExpiryToPrimary
    var loader = DatasetLoader(form, nowMilliseconds: now)
    // A file with one key around the value. Offsets in errors are those in the payload.
    var head = Array("REDIS0012".utf8) + access.items + [type, 0x80]
    for shift in [24, 16, 8, 0] { head.append(UInt8(truncatingIfNeeded: key.count >> shift)) }
    head.append(contentsOf: key)
    // A client's payload may not unpack to more than the client could send; the primary's holds what it has stored.
    let stringLimit = isFromPrimary ? StringForm.lengthLimit : edit.settings.protoMaxBulkLen
    var reader = SnapshotReader(stringLimit: stringLimit, beginsAt: 1 - head.count)
    reader.endsAfterOneValue = true
    do throws(SnapshotError) {
      try reader.receiveAll(head, into: &loader)
      let value = payload[1..<payload.count]
      guard try reader.receive(value, into: &loader) == value.count, reader.counts.keys == 1 else { return nil }
      try reader.receiveAll([Opcode.end.rawValue] + [UInt8](repeating: 0, count: 8), into: &loader)
      try reader.finish()
    } catch {
      edit.warn("RESTORE of a bad payload: \(error)")
      return nil
    }
    return loader
  }
}

extension SnapshotReader {
  mutating func receiveAll(
    _ bytes: [UInt8], into sink: inout some SnapshotSink
  ) throws(SnapshotError) {
    _ = try bytes.withBytes { bytes throws(SnapshotError) in try receive(bytes, into: &sink) }
  }
}

extension AccessHint {
  var isFrequency: Bool { if case .frequency = self { true } else { false } }
  var isIdleTime: Bool { if case .idleSeconds = self { true } else { false } }

  /// The instruction that says it before a key.
  fileprivate var items: [UInt8] {
    switch self {
    case .none: []
    case .frequency(let counter): [Opcode.frequency.rawValue, counter]
    case .idleSeconds(let seconds):
      [Opcode.idle.rawValue, 0x81] + (0..<8).map { UInt8(truncatingIfNeeded: seconds >> UInt64(56 - 8 * $0)) }
    }
  }
}

extension Settings {
  fileprivate var countsUses: Bool { maxmemoryPolicy == .allKeysLFU || maxmemoryPolicy == .volatileLFU }
}
