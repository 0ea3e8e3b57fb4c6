internal import VersionedStore

/// Puts another manifest in the place of the present one, so that a crash at any moment leaves the one or the other.
enum ManifestFile {
  /// What has become of it.
  enum Outcome: Sendable {
    case replaced
    /// The former one is in force. With what to log.
    case failed(DiskError, String)
    /// The new one is in force as long as the machine runs. After a crash of the machine it may be the former one: what only
    /// that names must stay, and what only the new one names is not safe, until the directory is synced.
    case unsynced(DiskError, String)
  }

  static func replace(_ names: JournalNames, with manifest: JournalManifest, on disk: any JournalDisk) -> Outcome {
    let outcome = write(names, manifest, disk)
    if case .failed = outcome { try? disk.remove(names.temporaryManifest) }
    return outcome
  }

  private static func write(_ names: JournalNames, _ manifest: JournalManifest, _ disk: any JournalDisk) -> Outcome {
    let temporary = names.temporaryManifest
    let file: DiskFile
    do throws(DiskError) { file = try disk.open(temporary, truncating: true) } catch {
      return .failed(error, "Can't open the AOF manifest file \(temporary): \(error.text)")
    }
    defer { disk.close(file) }
    do throws(DiskError) {
      try Array(manifest.text.utf8).withBytes { bytes throws(DiskError) in try disk.appendAll(bytes, to: file) }
    } catch {
      return .failed(error, "Error trying to write the temporary AOF manifest file \(temporary): \(error.text)")
    }
    do throws(DiskError) { try disk.sync(file) } catch {
      return .failed(error, "Fail to fsync the temp AOF file \(temporary): \(error.text).")
    }
    do throws(DiskError) { try disk.rename(temporary, to: names.manifest) } catch {
      return .failed(
        error,
        "Error trying to rename the temporary AOF manifest file \(temporary) into \(names.manifest): \(error.text)")
    }
    do throws(DiskError) { try disk.syncDirectory() } catch {
      return .unsynced(error, "Fail to fsync AOF directory \(names.manifest): \(error.text).")
    }
    return .replaced
  }
}
