internal import Values
internal import VersionedStore

/// The differences of two strings: the ranges in which their bytes differ, offset and length, and what the longer one has
/// behind the end of the other. Bytes are compared where they stand: nothing is looked for in another place. Chunks that
/// both share are skipped. Either string may be missing.
struct ByteDifferences {
  private let older: StringRuns
  private let newer: StringRuns

  /// Bytes that one call compares at most.
  private static let effort = 1 << 20
  /// Bytes that are compared at once.
  private static let step = 1 << 12

  init(older: Entry?, newer: Entry?) {
    self.older = StringRuns(older)
    self.newer = StringRuns(newer)
  }

  func fill(_ page: inout FieldPage, from place: FieldCursor.Place) throws(CommandError) -> FieldCursor.Place {
    if page.pattern != nil { throw .noPatternForBytes }
    var at: Int
    switch place {
    case .start: at = 0
    case .position(let offset): at = Int(clamping: offset)
    case .pair, .groups: throw .invalidCursor
    }
    let common = min(older.count, newer.count)
    var effort = Self.effort
    for range in ranges(common) where range.upperBound > at {
      let next = compare(max(at, range.lowerBound)..<range.upperBound, &page, &effort)
      if let next { return .position(UInt64(next)) }
      at = range.upperBound
    }
    if older.count > common {
      page.fields.removed.append(.bytes(offset: common, count: older.count - common))
    } else if newer.count > common {
      page.fields.added.append(.bytes(offset: common, count: newer.count - common))
    }
    return .start
  }

  /// The ranges that have to be looked at, up to the end of the shorter string.
  private func ranges(_ common: Int) -> [Range<Int>] {
    guard let a = older.collection, let b = newer.collection else { return [0..<common] }
    var ranges: [Range<Int>] = []
    for part in a.unsharedParts(to: b) {
      let start = min(part.older.lowerBound, common)
      // Behind a stretch that has changed its length nothing stands where it stood.
      guard part.older == part.newer else { return ranges + [start..<common] }
      ranges.append(start..<min(part.older.upperBound, common))
    }
    return ranges
  }

  /// Returns where the next page begins; nil when the whole range has been compared.
  private func compare(_ range: Range<Int>, _ page: inout FieldPage, _ effort: inout Int) -> Int? {
    var at = range.lowerBound
    var differing: Int?
    while at < range.upperBound {
      let limit = min(range.upperBound, at + Self.step)
      older.withRun(from: at, to: limit) { a in
        newer.withRun(from: at, to: limit) { b in
          let count = min(a.count, b.count)
          effort -= count
          if differing == nil, a[0..<count] == b[0..<count] {
            at += count
            return
          }
          var index = 0
          while index < count, page.count < page.wanted {
            if a[index] != b[index] {
              differing = differing ?? at
            } else if let start = differing {
              page.fields.changed.append(.bytes(offset: start, count: at - start))
              differing = nil
            }
            (index, at) = (index + 1, at + 1)
          }
        }
      }
      if at < range.upperBound, effort <= 0 || page.count >= page.wanted { break }
    }
    // What goes on behind the page is another range there.
    if let differing { page.fields.changed.append(.bytes(offset: differing, count: at - differing)) }
    return at < range.upperBound ? at : nil
  }
}

/// The bytes of a string in whatever encoding, a run at a time.
struct StringRuns {
  let collection: VersionedStore.Collection?
  /// A number's.
  private let digits: [UInt8]
  private let bytes: Bytes
  let count: Int

  /// `entry` must hold a string; a missing one has no bytes.
  init(_ entry: Entry?) {
    collection = entry?.collection
    guard let entry, collection == nil else {
      (digits, bytes, count) = ([], Bytes(), collection?.weight ?? 0)
      return
    }
    switch entry.value {
    case .bytes(let value): (digits, bytes, count) = ([], value, value.count)
    case .word: (digits, bytes, count) = (entry.value.withBytes { Array($0) }, Bytes(), entry.value.byteCount)
    }
  }

  /// Calls `body` with bytes from `start` on, at least one and none behind `end`.
  func withRun(from start: Int, to end: Int, _ body: (Bytes) -> Void) {
    if let leaf = collection?.leaf(at: start) {
      body(leaf.bytes[start - leaf.start..<min(end - leaf.start, leaf.bytes.count)])
    } else if !digits.isEmpty {
      digits.withBytes { body($0[start..<min(end, count)]) }
    } else {
      body(bytes[start..<min(end, count)])
    }
  }
}
