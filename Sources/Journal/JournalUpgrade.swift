/// A log of Redis before 7 is one file in the working directory. It becomes the base of a log in a directory of its own.
///
/// Nothing is moved before it has been loaded. A crash between the manifest and the move leaves a manifest that names a file
/// which is still where it was; the next start goes on from there.
public struct JournalUpgrade {
  public enum Need: Equatable, Sendable {
    case none
    /// The old file is to be loaded as the base.
    case old
    /// There is an old file, and one of its name in the directory, and no manifest says which of them is the log.
    case unclear
  }

  /// Whether the log that `manifest` tells of is one in the working directory.
  ///
  /// - Parameter isOld: there is a file of the log's name in the working directory.
  /// - Parameter isMoved: there is one in the log's directory.
  public static func need(_ manifest: JournalManifest, log: String, isOld: Bool, isMoved: Bool) -> Need {
    guard isOld, manifest.increments.isEmpty else { return .none }
    guard let base = manifest.base else { return isMoved ? .unclear : .old }
    return base.name == log && !isMoved ? .old : .none
  }

  /// The manifest with the old file as its base.
  public static func manifest(_ former: JournalManifest, log: String) -> JournalManifest {
    var manifest = former
    manifest.base = .init(name: log, sequence: 1)
    manifest.baseSequence = 1
    return manifest
  }

  /// Writes `manifest`, and has `move` bring the old file into the directory. Returns what went wrong, for the log.
  public static func perform(
    _ manifest: JournalManifest, log: String, directory: String, on disk: any JournalDisk,
    move: () throws(DiskError) -> Void
  ) -> String? {
    do throws(DiskError) { try disk.makeDirectory() } catch {
      return "Can't open or create append-only dir \(directory): \(error.text)"
    }
    switch ManifestFile.replace(JournalNames(log: log), with: manifest, on: disk) {
    case .replaced: break
    case .failed(_, let line), .unsynced(_, let line): return line
    }
    do throws(DiskError) {
      try move()
      try disk.syncDirectory()
    } catch {
      return "Error trying to move the old AOF file \(log) into dir \(directory): \(error.text)"
    }
    return nil
  }
}
