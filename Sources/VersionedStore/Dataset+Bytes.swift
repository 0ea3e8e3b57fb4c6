extension Dataset {
  /// Makes the bytes under `key` at least `count` long, zeros at the end, and gives them to be written. A missing key
  /// starts empty, without a time to live; a value that is a word must have been made bytes before.
  ///
  /// A value that outgrows its memory gets room to grow on: as much again, at most a megabyte.
  public func editBytes(
    _ database: Int, _ key: Bytes, _ hash: UInt64, count: Int, tag: UInt8, accessClock: UInt32
  ) -> MutableBytes {
    precondition(count <= Blob.countLimit)
    let home = Home(database)
    let location = locate(home, key, hash)
    guard case .found(let entry) = location else {
      let value = emptyValue(count: count, home)
      let content = Entry.Content(key: key, expiry: nil, tag: tag, accessClock: accessClock, value: value)
      let entry = newEntry(content, home)
      store(entry, location, home, hash)
      return entry.writableBytes
    }
    precondition(entry.form != .word, "a word has no bytes")
    changeCount &+= 1
    let isOpen = entry.generation == open
    if isOpen { entry.overwriteTag(tag) }
    if entry.form == .inline {
      let old = entry.inlineBytes
      if count <= Entry.inlineLimit {
        let grown = max(count, old.count)
        let size = entry.byteCount
        if isOpen, SizeClass.round(size - old.count + grown) == SizeClass.round(size) {
          entry.extendInline(to: grown)
          return entry.inlineBytes
        }
        return replace(entry, .inline(old.bytes, count: grown), tag, home, hash)
      }
      return unsafe replace(entry, .object(grownBlob(old.bytes, count: count, home).base), tag, home, hash)
    }
    let blob = entry.blob
    if isOpen, blob.generation == open, blob.capacity >= count {
      if count > blob.count {
        let old = blob.count
        blob.count = count
        blob.mutableBytes.clear(old..<count)
      }
      return blob.mutableBytes
    }
    let copy = grownBlob(blob.bytes, count: max(count, blob.count), home)
    if isOpen {
      unsafe entry.overwriteObject(copy.base)
      bury(blob, home)
      return copy.mutableBytes
    }
    return unsafe replace(entry, .object(copy.base), tag, home, hash)
  }

  private func replace(
    _ entry: Entry, _ value: Entry.Content.Value, _ tag: UInt8, _ home: Home, _ hash: UInt64
  ) -> MutableBytes {
    var content = entry.content
    content.value = value
    content.tag = tag
    let new = newEntry(content, home)
    store(new, .found(entry), home, hash)
    return new.writableBytes
  }

  private func emptyValue(count: Int, _ home: Home) -> Entry.Content.Value {
    guard count > Entry.inlineLimit else { return .inline(Bytes(), count: count) }
    return unsafe .object(grownBlob(Bytes(), count: count, home).base)
  }

  private func grownBlob(_ bytes: Bytes, count: Int, _ home: Home) -> Blob {
    let slack = count > bytes.count && bytes.count > 0 ? min(count, 1 << 20) : 0
    let blob = newBlob(count: count, capacity: min(count + slack, Blob.countLimit), home)
    blob.mutableBytes.replace(at: 0, with: bytes)
    blob.mutableBytes.clear(bytes.count..<count)
    return blob
  }
}

extension Entry {
  var writableBytes: MutableBytes { form == .inline ? inlineBytes : blob.mutableBytes }
}
