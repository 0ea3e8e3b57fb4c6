public import Engine

extension Engine {
  /// Keeps for INFO what became of the keys of the dataset that has gone live, and tells the log.
  public func note(_ outcome: LoadOutcome, libraries: Int) {
    persistence.keysLoaded = outcome.loadedKeys
    persistence.keysExpiredOnLoad = outcome.expiredKeys
    tell(outcome, libraries: libraries)
  }

  /// Writes to the log what the owner of a dataset should know of how it was loaded.
  func tell(_ outcome: LoadOutcome, libraries: Int) {
    for warning in outcome.warnings { log(.warning, warning) }
    log(outcome.emptyKeys == 0 ? .notice : .warning, "Done loading RDB, \(outcome).")
    guard libraries > 0 else { return }
    log(.notice, "\(libraries) function \(libraries == 1 ? "library is" : "libraries are") kept with the dataset")
  }
}
