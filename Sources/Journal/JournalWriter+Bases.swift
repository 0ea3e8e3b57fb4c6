internal import Engine

// Bases: a new one in the place of the former, and what that leaves behind.
extension JournalWriter {
  /// Puts the base that lies under a temporary name, whole and synced, in the place of the former one, with the increments
  /// from number `firstIncrement` on behind it; nil: with the present increment, which no manifest names yet, alone (none,
  /// if the log is off). Calls back when the manifest names it, or with false: then everything is as before, but that the
  /// base is gone.
  func replaceBase(
    _ temporary: String, isSnapshot: Bool, byteCount: Int, firstIncrement: Int64?,
    _ completion: @escaping (Bool) -> Void
  ) {
    guard !isManifestBusy else { return completion(false) }
    isManifestBusy = true
    var next = manifest
    let base = next.replaceBase(of: names.log, isSnapshot: isSnapshot)
    var increment: String?
    if let firstIncrement {
      next.retireIncrements(before: firstIncrement)
    } else {
      next.retireIncrements(before: .max)
      if isOpen { increment = next.addIncrement(to: names.log) }
    }
    let began = clock?()
    let (disk, names, manifest, renamed) = (disk, names, next, increment)
    disk.inBackground(.sync) {
      BaseSwap.perform(temporary, base, renamed, manifest, names, disk)
    } _: { [weak self] outcome in
      guard let self else { return }
      isManifestBusy = false
      if let began, let clock { onDelay(.rename, clock() - began) }
      switch outcome {
      case .failed(let line):
        log(.warning, line)
        completion(false)
      case .done(let fault):
        if let fault {
          log(.warning, fault.line)
          isDirectoryDirty = true
        }
        self.manifest = manifest
        // Increments that lie between the base and the present one are few and short.
        formerBytes = byteCount + (firstIncrement == nil ? 0 : formerIncrementBytes(manifest))
        log(.notice, "Successfully renamed the temporary AOF base file \(temporary) into \(base)")
        if let renamed {
          log(
            .notice, "Successfully renamed the temporary AOF incr file \(names.temporaryIncrement) into \(renamed)")
          isNamed = true
        }
        completion(true)
      }
      proceed()
    }
  }

  private func formerIncrementBytes(_ manifest: JournalManifest) -> Int {
    manifest.increments.dropLast().reduce(0) { $0 + byteCount(of: $1.name) }
  }

  /// Bytes of a file that is not written to; 0 if there is none.
  func byteCount(of name: String) -> Int {
    guard let file = try? disk.openForReading(name) else { return 0 }
    defer { disk.close(file) }
    return (try? disk.byteCount(of: file)) ?? 0
  }

  /// Removes the files that the manifest names as history, and then writes it without them. Calls back when that is done, as
  /// far as it could be: what stays is for the next time.
  func removeHistory(_ completion: @escaping () -> Void = {}) {
    guard !manifest.history.isEmpty, !isRemoving else { return completion() }
    isRemoving = true
    let live = Set(manifest.live.map(\.name))
    let (disk, history) = (disk, manifest.history)
    // A manifest of another origin may name a file as both.
    let needless = history.filter { !live.contains($0.name) }
    for file in needless { log(.notice, "Removing the history file \(file.name) in the background") }
    disk.inBackground(.rewrite) {
      // The manifest that calls them history must be there for good.
      do throws(DiskError) { try disk.syncDirectory() } catch { return false }
      for file in needless { try? disk.remove(file.name) }
      return true
    } _: { [weak self] isDone in
      guard let self else { return }
      isRemoving = false
      if isDone { forgetHistory(history, completion) } else { completion() }
    }
  }

  private func forgetHistory(_ history: [JournalManifest.File], _ completion: @escaping () -> Void) {
    guard !isManifestBusy else { return completion() }
    isManifestBusy = true
    var next = manifest
    next.history.removeAll { history.contains($0) }
    let (disk, names, manifest) = (disk, names, next)
    disk.inBackground(.sync) {
      ManifestFile.replace(names, with: manifest, on: disk)
    } _: { [weak self] outcome in
      guard let self else { return }
      isManifestBusy = false
      switch outcome {
      case .replaced: self.manifest = manifest
      case .unsynced(_, let line):
        log(.warning, line)
        self.manifest = manifest
        isDirectoryDirty = true
      case .failed(_, let line): log(.warning, line)
      }
      completion()
      proceed()
    }
  }
}

/// What has become of a new base.
private enum BaseSwap: Sendable {
  case failed(String)
  case done(ManifestFault?)

  static func perform(
    _ temporary: String, _ base: String, _ increment: String?, _ manifest: JournalManifest, _ names: JournalNames,
    _ disk: any JournalDisk
  ) -> BaseSwap {
    do throws(DiskError) { try disk.rename(temporary, to: base) } catch {
      try? disk.remove(temporary)
      return .failed(
        "Error trying to rename the temporary AOF base file \(temporary) into \(base): \(error.text)")
    }
    if let increment {
      do throws(DiskError) { try disk.rename(names.temporaryIncrement, to: increment) } catch {
        try? disk.remove(base)
        return .failed(
          "Error trying to rename the temporary AOF incr file \(names.temporaryIncrement) into \(increment): \(error.text)"
        )
      }
    }
    do throws(DiskError) { try disk.syncDirectory() } catch {
      return takeBack(base, increment, names, disk, "Fail to fsync AOF directory \(names.manifest): \(error.text).")
    }
    switch ManifestFile.replace(names, with: manifest, on: disk) {
    case .replaced: return .done(nil)
    case .unsynced(let error, let line): return .done(ManifestFault(error: error, line: line))
    case .failed(_, let line): return takeBack(base, increment, names, disk, line)
    }
  }

  private static func takeBack(
    _ base: String, _ increment: String?, _ names: JournalNames, _ disk: any JournalDisk, _ line: String
  ) -> BaseSwap {
    try? disk.remove(base)
    if let increment { try? disk.rename(increment, to: names.temporaryIncrement) }
    return .failed(line)
  }
}
