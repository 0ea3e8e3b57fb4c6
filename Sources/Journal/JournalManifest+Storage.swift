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
      // However long it is: what is kept of history may make it so, and what is live stands behind that.
      while true {
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
}

extension DiskError {
  /// There is no file of this name, or not even its directory.
  public var isMissingFile: Bool { code == 2 }
}
