internal import Values
internal import VersionedStore

/// What a client may name a version by.
enum VersionReference: Equatable {
  /// `LIVE`, in any case: the live dataset.
  case live
  /// A number in its usual form.
  case id(Int)
  /// `@` and a time: the latest version created at or before it, in milliseconds since 1970.
  case time(Int64)
  /// Anything else.
  case name(String)

  /// Nil for text that begins with `@` and goes on with no time.
  init?(_ text: Bytes) {
    if text.equalsIgnoringCase("LIVE") {
      self = .live
    } else if text.first == UInt8(ascii: "@") {
      guard let milliseconds = VersionTime.milliseconds(text.dropFirst()) else { return nil }
      self = .time(milliseconds)
    } else if let id = Int64(text: text) {
      self = .id(Int(id))
    } else {
      self = .name(String(decoding: text, as: UTF8.self))
    }
  }
}

/// Names that clients give: to versions, and to the tags that hold them.
enum VersionName {
  static let longest = 128

  /// A word of 1 to 128 printable ASCII characters without blanks.
  static func isWord(_ text: Bytes) -> Bool {
    (1...longest).contains(text.count) && text.allSatisfy { (0x21...0x7E).contains($0) }
  }

  /// Whether this can be the name of a version: a word that cannot be taken for a number, a time or the live dataset.
  static func isValid(_ text: Bytes) -> Bool {
    guard isWord(text), text[0] != UInt8(ascii: "@"), !text.equalsIgnoringCase("LIVE") else { return false }
    let digits = text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+") ? text[1..<text.count] : text
    return digits.isEmpty || !digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }
}

extension Call {
  /// The version that argument `index` names; nil for the live dataset.
  mutating func versionOrLive(_ index: Int) throws(CommandError) -> Version? {
    let history = keyspace.history
    guard let reference = VersionReference(self[index]) else {
      throw refuse(
        "ERR invalid time '", quoting: self[index],
        "', it should look like @1763796000000 or @2026-11-22T07:20:00Z")
    }
    let version: Version?
    switch reference {
    case .live: return nil
    case .id(let id): version = history.version(id)
    case .name(let name): version = history.version(named: name)
    case .time(let milliseconds): version = history.latest(atOrBefore: milliseconds)
    }
    guard let version else {
      throw refuse("ERR no such version '", quoting: self[index].prefix(VersionName.longest), "'")
    }
    return version
  }

  /// The version that argument `index` names.
  mutating func version(_ index: Int) throws(CommandError) -> Version {
    guard let version = try versionOrLive(index) else {
      throw refuse("ERR the live dataset is not a version, VERSION CREATE makes one of it")
    }
    return version
  }

  /// Refuses what the history refuses. Versions are called what the client called them by.
  mutating func refuse(_ error: VersionError, quoting name: Bytes) -> CommandError {
    switch error {
    case .unknown: refuse("ERR no such version '", quoting: name.prefix(VersionName.longest), "'")
    case .nameTaken: refuse("ERR version name '", quoting: name, "' is taken")
    case .tooMany(let limit): refuse("ERR there are \(limit) versions already, DROP some of them first")
    case .held(_, let tags):
      refuse(
        "ERR version '\(String(decoding: name, as: UTF8.self))' is held by \(tags.map { "'\($0)'" }.joined(separator: ", "))"
      )
    case .unknownTag(let tag):
      refuse("ERR version '\(String(decoding: name, as: UTF8.self))' is not held by '\(tag)'")
    }
  }
}
