/// Aggregates whose count is known only when they are written.
///
/// The header goes in afterwards, before the elements. That moves them once, which is cheaper than counting first (a
/// scan done twice) or collecting them (an array for each reply). A header cannot be left wide enough in advance:
/// clients refuse a count with leading zeros.
extension ReplySink {
  /// Where an aggregate of yet unknown size begins. Write its elements, then call one of the `end` functions.
  @inlinable
  public func beginDeferred() -> DeferredHeader {
    DeferredHeader(offset: byteCount)
  }

  public mutating func endArray(_ header: DeferredHeader, count: Int) {
    insertHeader(Ascii.asterisk, count, at: header.offset)
  }

  public mutating func endSet(_ header: DeferredHeader, count: Int) {
    insertHeader(version == .resp2 ? Ascii.asterisk : Ascii.tilde, count, at: header.offset)
  }

  /// `count` is the number of pairs.
  public mutating func endMap(_ header: DeferredHeader, count: Int) {
    switch version {
    case .resp2: insertHeader(Ascii.asterisk, count * 2, at: header.offset)
    case .resp3: insertHeader(Ascii.percent, count, at: header.offset)
    }
  }

  private mutating func insertHeader(_ type: UInt8, _ count: Int, at offset: Int) {
    var header: [UInt8] = []
    header.header(type, count)
    unsafe insert(header.span.bytes, at: offset)
  }
}

/// The place of a header that is not written yet. Good until the command ends; the innermost one is ended first.
public struct DeferredHeader {
  @usableFromInline let offset: Int

  @inlinable
  init(offset: Int) {
    self.offset = offset
  }
}
