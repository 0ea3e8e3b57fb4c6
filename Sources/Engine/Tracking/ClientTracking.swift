internal import VersionedStore

/// What a client that keeps a cache has asked for with CLIENT TRACKING.
struct ClientTracking {
  struct Options: OptionSet {
    let rawValue: UInt8

    /// Is told of all changes under its prefixes, whatever it has read.
    static let broadcast = Options(rawValue: 1 << 0)
    /// Caches only what it reads behind CLIENT CACHING YES.
    static let optIn = Options(rawValue: 1 << 1)
    /// Caches all but what it reads behind CLIENT CACHING NO.
    static let optOut = Options(rawValue: 1 << 2)
    /// Is not told of its own changes.
    static let noLoop = Options(rawValue: 1 << 3)
  }

  var options: Options = []
  /// The client that is told instead; 0 for none.
  var redirect = 0
  /// In the order of their bytes; none but in broadcast mode.
  var prefixes: [[UInt8]] = []
  /// CLIENT CACHING was given for the next command or transaction.
  var isCachingGiven = false
  /// The client that was to be told instead is gone.
  var isRedirectBroken = false

  /// Whether the keys of a command that reads are to be remembered.
  var remembersKeys: Bool {
    if options.contains(.broadcast) { return false }
    if options.contains(.optIn) { return isCachingGiven }
    return !(options.contains(.optOut) && isCachingGiven)
  }

  /// Adds a prefix. Returns false if it is there already.
  mutating func insert(_ prefix: [UInt8]) -> Bool {
    let place = prefixes.firstIndex { !$0.lexicographicallyPrecedes(prefix) } ?? prefixes.count
    if place < prefixes.count, prefixes[place] == prefix { return false }
    prefixes.insert(prefix, at: place)
    return true
  }
}

/// All that the server knows of its clients' caches.
struct TrackingState {
  var keys = TrackedKeys()
  var prefixes = BroadcastPrefixes()
  /// Clients in tracking mode.
  var clientCount = 0
  /// Open sessions that are or have been in tracking mode: while there are any, the table has readers.
  var readerCount = 0
  /// What the client whose command is being executed is told when it has been answered: keys, or nil for all of them.
  var pending: [[UInt8]?] = []
  /// The client whose command is being looked at or executed, if it is in tracking mode; otherwise 0.
  var current = 0
  /// All clients were told during the present command that all keys have changed.
  var isAllTold = false
  /// Its command has begun to write its reply, which must not be interrupted.
  var isReplying = false
  /// The command that has called the script which is running, if its client is in tracking mode.
  var script: Call?
  /// Consecutive times that the table was found too large and could not be brought to its size.
  var timesTooLarge = 0
}

extension Session {
  /// CLIENT CACHING holds for one command, or for one transaction.
  func forgetCaching(after record: CommandRecord) {
    guard tracking?.isCachingGiven == true, transaction == nil, !record.fullName.hasPrefix("client|") else { return }
    tracking?.isCachingGiven = false
  }
}
