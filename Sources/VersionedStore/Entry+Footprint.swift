extension Entry {
  /// Bytes of memory that key and value take, as rounded by the allocator.
  public var allocatedBytes: Int {
    SizeClass.round(byteCount)
      + (collection?.allocatedBytes ?? (form == .object ? SizeClass.round(blob.byteCount) : 0))
  }

  /// Where the entry lies, for people to look at; it tells nothing of what is there later.
  public var address: UInt { unsafe UInt(bitPattern: base) }
}
