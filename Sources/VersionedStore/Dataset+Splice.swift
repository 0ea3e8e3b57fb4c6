extension Dataset {
  /// Replaces `range` of the bytes under `key` (which must hold bytes) by others, which must not lie in them. There is no
  /// slack beyond what the allocator's size classes leave.
  public func splice(
    _ database: Int, _ key: Bytes, _ hash: UInt64, _ range: Range<Int>, with bytes: Bytes, tag: UInt8
  ) {
    let home = Home(database)
    guard case .found(let entry) = locate(home, key, hash), case .bytes(let old) = entry.value else {
      preconditionFailure("there are no bytes to be changed")
    }
    precondition(range.lowerBound >= 0 && range.upperBound <= old.count, "byte range out of range")
    changeCount &+= 1
    let count = old.count - range.count + bytes.count
    precondition(count <= Blob.countLimit)
    if spliceInPlace(entry, range, bytes, count: count) {
      entry.overwriteTag(tag)
      return
    }
    var content = entry.content
    content.tag = tag
    if count <= Entry.inlineLimit {
      content.value = .inline(Bytes(), count: count)
    } else {
      content.value = unsafe .object(newBlob(count: count, capacity: count, home).base)
    }
    let new = newEntry(content, home)
    let target = new.writableBytes
    target.replace(at: 0, with: old[0..<range.lowerBound])
    target.replace(at: range.lowerBound, with: bytes)
    target.replace(at: range.lowerBound + bytes.count, with: old[range.upperBound..<old.count])
    store(new, .found(entry), home, hash)
  }

  /// Returns whether the memory of the value was open and of the right size.
  private func spliceInPlace(_ entry: Entry, _ range: Range<Int>, _ bytes: Bytes, count: Int) -> Bool {
    guard entry.generation == open else { return false }
    if entry.form == .inline {
      let old = entry.inlineCount
      let size = entry.byteCount
      guard count <= Entry.inlineLimit, SizeClass.round(size - old + count) == SizeClass.round(size) else {
        return false
      }
      let grown = max(old, count)
      if grown > old { entry.extendInline(to: grown) }
      entry.inlineBytes.splice(range, with: bytes, count: old)
      entry.setInlineCount(count)
      return true
    }
    let blob = entry.blob
    guard blob.generation == open, blob.capacity >= count, count > Entry.inlineLimit, count >= blob.capacity / 2 else {
      return false
    }
    let old = blob.count
    blob.count = max(old, count)
    blob.mutableBytes.splice(range, with: bytes, count: old)
    blob.count = count
    return true
  }
}

extension MutableBytes {
  /// Replaces a part of the first `old` bytes; there must be room for the longer of old and new.
  fileprivate func splice(_ range: Range<Int>, with bytes: Bytes, count old: Int) {
    replace(at: range.lowerBound + bytes.count, moving: self.bytes[range.upperBound..<old])
    replace(at: range.lowerBound, with: bytes)
  }
}
