/// What INFO and the checks before a command want to know of saving and loading; kept by what does both.
public struct PersistenceState {
  /// The dataset is being read from the disk at the start: only commands that say so are served.
  public var isLoading = false
  public var loadingBeganSeconds: Int64 = 0
  /// Of the file that is loaded, and of it so far.
  public var loadingTotalBytes = 0
  public var loadingLoadedBytes = 0
  public var isSaving = false
  public var keysToSave = 0
  public var keysSaved = 0
  /// Seconds that the present save has taken, and those that the last one took; -1 for none.
  public var currentSaveSeconds: Int64 = -1
  public var lastSaveSeconds: Int64 = -1
  public var lastSaveSucceeded = true
  /// When the dataset was saved last, in seconds since 1970; the start of the server counts.
  public var lastSaveTime: Int64 = 0
  public var saveCount = 0
  /// Keys of the dataset that was loaded last, and keys that were left out because they had expired.
  public var keysLoaded = 0
  public var keysExpiredOnLoad = 0
  /// Bytes that a version kept for a save made us keep beside the live dataset, at the end of the last one.
  public var lastRetainedBytes = 0
  public var currentRetainedBytes = 0 {
    didSet { currentRetainedPeak = currentRetainedBytes == 0 ? 0 : max(currentRetainedPeak, currentRetainedBytes) }
  }
  /// The most that it was during this save.
  public private(set) var currentRetainedPeak = 0
  /// The append-only log.
  public var log = LogFigures()
  /// What went wrong when the log was last written or synced, in the system's words; nil if nothing did.
  public var logError: String?
  /// Why writes are refused: saving has failed and the configuration wants that to be noticed.
  public var writeRefusal: StaticString?

  /// It is the log that writes are refused for.
  var isLogAtFault = false

  public init() {}

  static let misconfiguration: StaticString =
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error."
  /// The error of the system follows; see `wording`.
  static let logFailure: StaticString = "MISCONF Errors writing to the AOF file"
  static let logFailureOfScript: StaticString =
    "MISCONF Redis is configured to persist data to AOF, but it's currently unable to persist to disk. Writable scripts are blocked. Use 'no-writes' flag for read only scripts. AOF error"
  public static let loading: StaticString = "LOADING Redis is loading the dataset in memory"
}

extension Engine {
  /// Until `persistence.isLoading` is taken back, only commands that say so are served.
  public func beginLoading(seconds: Int64) {
    persistence.isLoading = true
    persistence.loadingBeganSeconds = seconds
  }

  /// To be called when the outcome of a save, one of the directives that it depends on, or the state of the log has changed.
  public func updateWriteRefusal() {
    let isBroken =
      !persistence.lastSaveSucceeded && settings.stopWritesOnBgsaveError && !settings.savePoints.isEmpty
    persistence.isLogAtFault = !isBroken && persistence.logError != nil
    persistence.writeRefusal =
      isBroken
      ? PersistenceState.misconfiguration : persistence.isLogAtFault ? PersistenceState.logFailure : nil
  }

  /// The whole text of a refusal: what is wrong with the log is known to the system alone.
  func wording(_ refusal: StaticString) -> String {
    let text = "\(refusal)"
    guard let error = persistence.logError else { return text }
    return text == "\(PersistenceState.logFailure)" || text == "\(PersistenceState.logFailureOfScript)"
      ? "\(text): \(error)" : text
  }
}
