internal import VersionedStore

extension JournalManifest {
  /// Why the manifest on a disk is of no use.
  public enum LoadFailure: Error, Equatable {
    case unreadable(DiskError)
    case fault(Fault)
  }

  /// The manifest of a log as it lies on the disk; an empty one if there is none.
  public static func load(_ log: String, from disk: any JournalDisk) throws(LoadFailure) -> JournalManifest {
    var content: [UInt8] = []
    do throws(DiskError) {
      let file = try disk.openForReading(name(for: log))
      defer { disk.close(file) }
      while content.count <= byteLimit {
        let before = content.count
        try disk.read(file, at: before, upTo: 64 << 10) { content.append(contentsOf: $0) }
        if content.count == before { break }
      }
    } catch {
      if error.isMissingFile { return JournalManifest() }
      throw .unreadable(error)
    }
    do throws(Fault) {
      return try content.withBytes { bytes throws(Fault) in try JournalManifest(parsing: bytes) }
    } catch {
      throw .fault(error)
    }
  }

  /// Puts this manifest in the place of the one on the disk, so that a crash at any moment leaves the one or the other.
  public func store(_ log: String, on disk: any JournalDisk) throws(DiskError) {
    let temporary = "temp-" + Self.name(for: log)
    let file = try disk.open(temporary, truncating: true)
    do throws(DiskError) {
      try Self.write(Array(text.utf8), to: file, on: disk)
      try disk.sync(file)
    } catch {
      disk.close(file)
      throw error
    }
    disk.close(file)
    try disk.rename(temporary, to: Self.name(for: log))
    try disk.syncDirectory()
  }

  private static func write(_ content: [UInt8], to file: DiskFile, on disk: any JournalDisk) throws(DiskError) {
    try content.withBytes { bytes throws(DiskError) in
      var rest = bytes
      while rest.count > 0 {
        let count = try disk.append(rest, to: file)
        rest = rest[count..<rest.count]
      }
    }
  }
}

extension DiskError {
  /// There is no file of this name, or not even its directory.
  public var isMissingFile: Bool { code == 2 }
}
