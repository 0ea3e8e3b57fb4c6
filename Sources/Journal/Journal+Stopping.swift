internal import Engine

// The end of the server.
extension Journal {
  /// Brings all to the disk before the server ends. False if it had better not end; the log says why.
  public func prepareToStop(force: Bool) -> Bool {
    let isAwaited = state == .awaitingBase && (rewrite != nil || holdsWriters || isRestoring)
    if rewrite != nil || isAwaited {
      if isAwaited {
        engine.log(.warning, force ? "Writing initial AOF. Exit anyway." : "Writing initial AOF, can't exit.")
        guard force else { return false }
      }
      if rewrite != nil {
        engine.log(.warning, "There is a thread rewriting the AOF. Telling it to stop!")
        cancelRewrite()
      }
    }
    guard state != .off else { return true }
    engine.log(.notice, "Calling fsync() on the AOF file.")
    engine.handOverEffects()
    guard let error = writer.syncNow() else { return true }
    engine.log(.warning, "Fail to fsync the AOF file: \(error.text).")
    if force || settings.appendSync == .never { return true }
    engine.log(.warning, "Error trying to write the AOF, can't exit.")
    return false
  }

  /// Waits for what is done in the background: before the process ends.
  public func stop() {
    cancelRewrite()
    disk.settle(.rewrite)
    disk.settle(.sync)
  }
}
