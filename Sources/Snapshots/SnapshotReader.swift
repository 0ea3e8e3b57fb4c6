internal import Values
public import VersionedStore

/// Reads an RDB file (versions 1 to 12) from chunks of any size, and hands each item to a sink.
///
/// The file, as redis-server's `rdb.c` writes it:
///
///     "REDIS" version: 4 digits
///     item ...                    one byte says what it is: an instruction (245 and up, see `Opcode`) or a type of value,
///                                 which a key and the value follow
///     255
///     CRC-64: 8 bytes             little-endian, over all that comes before; 0 for none; absent before version 5
///
/// An item is read where it lies, in the chunk. Only an item that a chunk cuts is copied, into `carry`, which is filled
/// up to the end of that item and no further, so that the next one is again read in place. What is still missing is
/// known from the item's own lengths; memory grows with the bytes that have come, never with what they claim.
///
/// The reader does no I/O and keeps nothing of the values. After an error it stays failed.
public struct SnapshotReader: Sendable {
  enum Phase { case signature, items, checksum, finished }

  /// What has been read and what was announced, to be compared when all is read.
  public internal(set) var counts = SnapshotCounts()
  public internal(set) var origin = SnapshotOrigin()
  /// Number of bytes taken in.
  public var byteOffset: Int { itemOffset + carry.count }
  public var isFinished: Bool { phase == .finished }

  var phase = Phase.signature
  /// 0 until it is known.
  var version = 0
  /// Where the current item begins.
  private var itemOffset: Int
  /// The beginning of an item that was cut, and the least number of bytes that it has in all.
  private var carry: [UInt8] = []
  private var awaitedByteCount = 0
  private var checksum = CRC64()
  private var failure: SnapshotError?
  private let stringLimit: Int

  /// Instructions that have come for the next key.
  var expiryMilliseconds: Int64?
  var access = AccessHint.none
  /// Nothing but the end may follow the first value.
  var endsAfterOneValue = false
  /// The value whose pieces are being read.
  var openValue: OpenValue?
  /// Where strings are unpacked.
  var keyScratch: [UInt8] = []
  var valueScratch: [UInt8] = []

  /// Takes any string that can be stored. What clients may send (`proto-max-bulk-len`) says nothing of a file: what was
  /// stored under another limit, or is packed together with more, has to come back.
  public init() { self.init(stringLimit: StringForm.lengthLimit) }

  /// - Parameter stringLimit: the longest string to accept, in bytes. None is longer than one that can be stored, and sums
  ///   of lengths stay far from overflow.
  public init(stringLimit: Int) {
    self.init(stringLimit: stringLimit, beginsAt: 0)
  }

  /// The same for a part of a file, whose beginning was made up: errors count from 0 at the byte that is really there.
  init(stringLimit: Int, beginsAt offset: Int) {
    self.stringLimit = min(stringLimit, StringForm.lengthLimit)
    itemOffset = offset
  }

  /// Reads on in the next bytes of the file, and returns how many of them belong to it: all, unless the file ends
  /// within the chunk.
  public mutating func receive(_ chunk: Bytes, into sink: inout some SnapshotSink) throws(SnapshotError) -> Int {
    if let failure { throw failure }
    do {
      return try consume(chunk, into: &sink)
    } catch {
      failure = error
      throw error
    }
  }

  /// To be called when no more bytes will come. Throws if the file was cut short.
  public func finish() throws(SnapshotError) {
    if let failure { throw failure }
    guard isFinished else { throw .truncated(SnapshotError.Place(byteOffset: byteOffset)) }
  }

  private mutating func consume(_ chunk: Bytes, into sink: inout some SnapshotSink) throws(SnapshotError) -> Int {
    var position = 0
    var summed = 0
    while phase != .finished, position < chunk.count {
      let phaseBefore = phase
      if carry.isEmpty {
        let rest = chunk[position..<chunk.count]
        do {
          position += try readItem(in: rest, into: &sink)
        } catch {
          awaitedByteCount = try error.awaitedByteCount()
          carry.append(contentsOf: rest)
          position = chunk.count
        }
      } else {
        let taken = min(awaitedByteCount - carry.count, chunk.count - position)
        carry.append(contentsOf: chunk[position..<position + taken])
        position += taken
        if carry.count == awaitedByteCount { try readCarriedItem(into: &sink) }
      }
      if phaseBefore == .items, phase != .items {  // the checksum ends here
        checksum.update(chunk[summed..<position])
        summed = position
      }
    }
    if phase == .signature || phase == .items { checksum.update(chunk[summed..<position]) }
    return position
  }

  private mutating func readCarriedItem(into sink: inout some SnapshotSink) throws(SnapshotError) {
    var item: [UInt8] = []
    swap(&item, &carry)
    do {
      let taken = try item.withBytes { source throws(Interruption) in try readItem(in: source, into: &sink) }
      assert(taken == item.count, "an item was filled up beyond its end")
      item.removeAll(keepingCapacity: item.capacity <= Self.keptCapacity)
    } catch {
      awaitedByteCount = try error.awaitedByteCount()
    }
    swap(&item, &carry)
  }

  /// Reads the item that `source` begins with and returns its size in bytes. If it is not whole, nothing has changed.
  private mutating func readItem(in source: Bytes, into sink: inout some SnapshotSink) throws(Interruption) -> Int {
    var cursor = ItemCursor(source: source, byteOffset: itemOffset, stringLimit: stringLimit)
    switch phase {
    case .signature: try readSignature(&cursor)
    case .items: if openValue == nil { try readItem(&cursor, into: &sink) } else { try readPart(&cursor, into: &sink) }
    case .checksum: try readChecksum(&cursor)
    case .finished: break
    }
    itemOffset += cursor.position
    return cursor.position
  }

  private mutating func readSignature(_ cursor: inout ItemCursor) throws(Interruption) {
    let signature = cursor.source[try cursor.take(5)]
    guard signature == Bytes("REDIS") else { throw .failed(.notASnapshot(.init(byteOffset: 0))) }
    var version = 0
    for digit in cursor.source[try cursor.take(4)] {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else {
        throw .failed(.notASnapshot(.init(byteOffset: 0)))
      }
      version = version * 10 + Int(digit - UInt8(ascii: "0"))
    }
    guard (1...12).contains(version) else { throw .failed(.unsupportedVersion(cursor.place(), version: version)) }
    self.version = version
    phase = .items
  }

  private mutating func readChecksum(_ cursor: inout ItemCursor) throws(Interruption) {
    let stored = try cursor.littleEndian(UInt64.self)
    guard stored == 0 || stored == checksum.value else {
      throw .failed(.checksumMismatch(cursor.place(), stored: stored, computed: checksum.value))
    }
    phase = .finished
  }

  /// Buffers beyond this size, which one long string may have left, are given back at once.
  static let keptCapacity = 1 << 20
}

extension Interruption {
  /// The number of bytes to wait for; throws the error if waiting does not help.
  fileprivate func awaitedByteCount() throws(SnapshotError) -> Int {
    switch self {
    case .incomplete(let byteCount): return byteCount
    case .failed(let error): throw error
    }
  }
}
