public import VersionedStore

/// A set in the open dataset, to be written. What is not there is made by the first member and goes with the last.
@safe
public struct SetEditor {
  private let place: Place
  private let limits: EncodingLimits
  private let opened: OpenCollection?

  /// Small sets of texts are packed, up to so many members of so many bytes: OBJECT ENCODING calls them hashtable, as
  /// Redis 7.0 does, which packs none.
  static let packedMembers = 128
  static let packedMemberByteCount = 64

  /// What stands at `place`, if anything, must be a set.
  @inline(__always)
  public init(_ place: Place, _ limits: EncodingLimits) {
    self.place = place
    self.limits = limits
    opened = nil
  }

  /// For a caller who has just found `entry` at `place`, and who only adds: what is opened here stays as long as nothing is
  /// removed.
  @inline(__always)
  public init(_ place: Place, _ limits: EncodingLimits, addingTo entry: Entry?) {
    self.place = place
    self.limits = limits
    opened = place.openCollection(of: entry)
  }

  /// Adds a member. Returns whether it was not there before.
  @inline(__always) @discardableResult
  public func insert(_ member: Bytes) -> Bool {
    if let open = opened ?? place.openCollection() { return Self.put(open, place, member) }
    return insertSmall(member)
  }

  private func insertSmall(_ member: Bytes) -> Bool {
    let integer = Packed.integer(member)
    guard let entry = place.entry else {
      create(member, integer)
      return true
    }
    if entry.tag == ValueTag.integerSet, case .bytes(let bytes) = entry.value {
      return insert(member, integer, into: IntegerSet(bytes))
    }
    guard let packed = PackedValue(entry) else { preconditionFailure("not a set") }
    guard packed.elements.find(member) == nil else { return false }
    guard packed.count < Self.packedMembers, member.count <= Self.packedMemberByteCount else {
      return Self.put(spread(), place, member)
    }
    let (end, count) = (packed.elements.end, packed.count)
    Packed.withEncoded(member) {
      place.splicePacked(end..<end, with: $0, count: count + 1, tag: ValueTag.packedSet)
    }
    return true
  }

  private func create(_ member: Bytes, _ integer: Int64?) {
    if let integer {
      IntegerSet.encode([integer], width: IntegerSet.width(of: integer)).withBytes {
        place.put(.bytes($0), tag: ValueTag.integerSet, expiry: nil)
      }
    } else if member.count <= Self.packedMemberByteCount {
      Packed.withEncoded(member) { place.putPacked(count: 1, $0, tag: ValueTag.packedSet, expiry: nil) }
    } else {
      _ = Self.put(place.putCollection(tag: ValueTag.trieSet, expiry: nil), place, member)
    }
  }

  // MARK: Integers

  private func insert(_ member: Bytes, _ integer: Int64?, into set: IntegerSet) -> Bool {
    guard let integer else { return leaveIntegers(adding: member, set.count) }
    let index = set.lowerBound(integer)
    if index < set.count, set[index] == integer { return false }
    let width = max(set.width, IntegerSet.width(of: integer))
    let count = set.count + 1
    if width == set.width {
      var bytes: [UInt8] = []
      IntegerSet.append(integer, width, to: &bytes)
      let offset = set.offset(of: index)
      bytes.withBytes { place.splice(offset..<offset, with: $0, tag: ValueTag.integerSet) }
      setCount(count)
    } else {
      var integers = (0..<set.count).map { set[$0] }
      integers.insert(integer, at: index)
      replace(integers, width)
    }
    if count > limits.setIntegers { _ = spread() }
    return true
  }

  private func setCount(_ count: Int) {
    let bytes = place.editBytes(count: 0, tag: ValueTag.integerSet)
    for index in 0..<4 { bytes[4 + index] = UInt8(truncatingIfNeeded: count >> (8 * index)) }
  }

  private func replace(_ integers: [Int64], _ width: Int) {
    let expiry = place.entry?.expiry
    IntegerSet.encode(integers, width: width).withBytes {
      place.put(.bytes($0), tag: ValueTag.integerSet, expiry: expiry)
    }
  }

  /// The first member that is no integer ends the form.
  private func leaveIntegers(adding member: Bytes, _ count: Int) -> Bool {
    guard count < Self.packedMembers, member.count <= Self.packedMemberByteCount, let entry = place.entry else {
      return Self.put(spread(), place, member)
    }
    var elements: [UInt8] = []
    SetReader(entry).forEach { value in
      Packed.withEncoded(value) { elements += $0 }
      return true
    }
    Packed.withEncoded(member) { elements += $0 }
    elements.withBytes {
      place.putPacked(count: count + 1, $0, tag: ValueTag.packedSet, expiry: entry.expiry)
    }
    return true
  }

  // MARK: Removing

  /// Removes a member. Returns whether it was there.
  @inline(__always) @discardableResult
  public func remove(_ member: Bytes) -> Bool {
    if let open = place.openCollection() {
      guard open.remove(member, place.hash(member)) else { return false }
      if open.collection.count == 0 { place.remove() }
      return true
    }
    return removeSmall(member)
  }

  private func removeSmall(_ member: Bytes) -> Bool {
    guard let entry = place.entry else { return false }
    switch SetReader(entry).form {
    case .trie: return false
    case .integers(let set):
      guard let integer = Packed.integer(member), set.contains(integer) else { return false }
      let (offset, count, width) = (set.offset(of: set.lowerBound(integer)), set.count, set.width)
      guard count > 1 else { break }
      place.splice(offset..<offset + width, with: Bytes(), tag: ValueTag.integerSet)
      setCount(count - 1)
      return true
    case .packed(let packed):
      guard let found = packed.elements.find(member) else { return false }
      guard packed.count > 1 else { break }
      let range = found..<packed.elements.next(after: found)
      place.splicePacked(range, with: Bytes(), count: packed.count - 1, tag: ValueTag.packedSet)
      return true
    }
    place.remove()
    return true
  }

  // MARK: Large sets

  /// Turns a small set into a trie.
  private func spread() -> OpenCollection {
    var members: [[UInt8]] = []
    let entry = place.entry
    if let entry {
      SetReader(entry).forEach { member in
        members.append(member.withBytes { Array($0) })
        return true
      }
    }
    let open = place.putCollection(tag: ValueTag.trieSet, expiry: entry?.expiry)
    for member in members { member.withBytes { _ = Self.put(open, place, $0) } }
    return open
  }

  /// A member has no value, and takes one byte for that.
  @inline(__always)
  private static func put(_ open: OpenCollection, _ place: Place, _ member: Bytes) -> Bool {
    let hash = place.hash(member)
    guard open.collection.find(member, hash) == nil else { return false }
    return open.put(member, hash, .bytes(Bytes()))
  }
}
