public import VersionedStore

/// A string in the open dataset, to be changed byte by byte. What is not there begins empty.
///
/// Up to `StringForm.wholeLimit` bytes stand in one piece. A longer string is a sequence of chunks, so that a write to a
/// sealed one copies the chunk and the path to it. All chunks but the last are full: strings grow at their end and never
/// shrink, other than by being replaced. So the place of the cuts follows from the length alone.
@safe
public struct StringEditor {
  private let place: Place
  /// Length in bytes.
  public private(set) var count: Int
  /// The tag of what stands here; nil if nothing does.
  private var tag: UInt8?

  /// - Parameter entry: what stands at `place`, a string if anything. It is not used any more after this.
  @inline(__always)
  public init(_ place: Place, _ entry: Entry?) {
    self.place = place
    count = entry.map { StringReader($0).count } ?? 0
    tag = entry?.tag
  }

  /// The string as it is now; good until the next write.
  public var reader: StringReader { place.entry.map { StringReader($0) } ?? StringReader() }

  // MARK: Replacing

  /// Stores a string in its usual form in place of whatever stands at `place`; `bytes` must not lie in the store.
  public static func put(_ bytes: Bytes, at place: Place, expiry: Int64?) {
    guard bytes.count <= StringForm.wholeLimit else { return putChunks(bytes, at: place, expiry: expiry) }
    let form = StringForm(bytes)
    place.put(form.value, tag: form.tag, expiry: expiry)
  }

  /// The same for a string that is kept as bytes even if it is a number or short: the encoding is raw.
  public static func put(raw bytes: Bytes, at place: Place, expiry: Int64?) {
    guard bytes.count <= StringForm.wholeLimit else { return putChunks(bytes, at: place, expiry: expiry) }
    place.put(.bytes(bytes), tag: ValueTag.raw, expiry: expiry)
  }

  private static func putChunks(_ bytes: Bytes, at place: Place, expiry: Int64?) {
    place.putCollection(tag: ValueTag.chunked, expiry: expiry).append(bytes)
  }

  // MARK: Changing

  /// Adds bytes at the end.
  public mutating func append(_ bytes: Bytes) {
    let end = count
    guard end + bytes.count > StringForm.wholeLimit else {
      return whole(count: end + bytes.count).replace(at: end, with: bytes)
    }
    chunks().append(bytes)
    count += bytes.count
  }

  /// Writes `bytes` from `offset` on; zeros fill what lies between the end and there.
  public mutating func replace(at offset: Int, with bytes: Bytes) {
    let end = offset + bytes.count
    guard max(end, count) > StringForm.wholeLimit else {
      return whole(count: max(end, count)).replace(at: offset, with: bytes)
    }
    let open = chunks()
    if offset > count { open.append(zeros: offset - count) }
    let overlap = min(max(count - offset, 0), bytes.count)
    open.overwrite(at: offset, with: bytes[0..<overlap])
    open.append(bytes[overlap..<bytes.count])
    count = max(end, count)
  }

  /// Makes the string at least `length` bytes long, with zeros at its end. Its encoding is raw from now on, in any case;
  /// one that is both already is left as it is, sealed or not.
  public mutating func extend(to length: Int) {
    if length <= count, tag == ValueTag.raw || tag == ValueTag.chunked { return }
    guard max(length, count) > StringForm.wholeLimit else {
      _ = whole(count: max(length, count))
      return
    }
    chunks().append(zeros: length - count)
    count = length
  }

  /// Writes a byte of the string.
  public mutating func set(_ byte: UInt8, at index: Int) {
    precondition(index >= 0 && index < count, "byte index out of range")
    if tag == ValueTag.chunked {
      let open = chunks()
      let start = open.collection.leaf(at: index)?.start ?? 0
      open.editLeaf(at: index)[index - start] = byte
    } else {
      whole(count: count)[index] = byte
    }
  }

  /// The string in one piece and raw, `length` bytes of it, which is no less than it has.
  private mutating func whole(count length: Int) -> MutableBytes {
    if tag == ValueTag.integer, let entry = place.entry, case .word(let word) = entry.value {
      let expiry = entry.expiry
      DecimalText(word).withBytes { place.put(.bytes($0), tag: ValueTag.raw, expiry: expiry) }
    }
    count = length
    tag = ValueTag.raw
    return place.editBytes(count: length, tag: ValueTag.raw)
  }

  /// The chunks, to be written; a string in one piece is cut up first.
  private mutating func chunks() -> OpenCollection {
    if tag == ValueTag.chunked, let open = place.openCollection() { return open }
    let expiry = place.entry?.expiry
    let former = reader.array
    let open = place.putCollection(tag: ValueTag.chunked, expiry: expiry)
    former.withBytes { open.append($0) }
    tag = ValueTag.chunked
    return open
  }
}

/// The sequence of a string. What is written must not lie in it.
extension OpenCollection {
  fileprivate func append(_ bytes: Bytes) {
    append(count: bytes.count) { bytes[$0] }
  }

  fileprivate func append(zeros count: Int) {
    Self.zeros.withBytes { zeros in append(count: count) { zeros[0..<$0.count] } }
  }

  private static let zeros = [UInt8](repeating: 0, count: StringForm.chunkByteCount)

  /// Adds `count` bytes, of which `part` gives any that fit into a chunk: what the last chunk has room for, then chunks.
  @inline(__always)
  private func append(count: Int, _ part: (Range<Int>) -> Bytes) {
    var done = 0
    let end = collection.weight
    if let last = collection.leaf(at: end - 1), last.weight < StringForm.chunkByteCount, count > 0 {
      let used = last.weight
      done = min(StringForm.chunkByteCount - used, count)
      splice(at: end - 1, used..<used, with: part(0..<done), weight: done)
    }
    while done < count {
      let next = min(done + StringForm.chunkByteCount, count)
      insertLeaf(at: end + done, part(done..<next), weight: next - done)
      done = next
    }
  }

  fileprivate func overwrite(at offset: Int, with bytes: Bytes) {
    var done = 0
    while done < bytes.count, let leaf = collection.leaf(at: offset + done) {
      let first = offset + done - leaf.start
      let next = min(done + leaf.weight - first, bytes.count)
      editLeaf(at: offset + done).replace(at: first, with: bytes[done..<next])
      done = next
    }
  }
}
