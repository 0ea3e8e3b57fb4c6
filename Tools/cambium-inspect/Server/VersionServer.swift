import RESP

/// The VERSION commands of a server, with their replies read into types.
struct VersionServer: ~Copyable {
  private var connection: Connection

  /// Connects and, with a password, signs in.
  init(host: String, port: Int, user: String, password: String?) throws(InspectError) {
    var connection = try Connection(host: host, port: port)
    let credentials = password.map { ["AUTH", user, $0] } ?? []
    _ = try connection.command(["HELLO", "3"] + credentials)
    self.connection = connection
  }

  /// All versions, oldest first.
  mutating func versions() throws(InspectError) -> [VersionRecord] {
    guard case .array(let replies) = try connection.command(["VERSION", "LIST"]) else {
      throw .unexpectedReply(to: "VERSION LIST")
    }
    return try replies.map { reply throws(InspectError) in try VersionRecord(reply, to: "VERSION LIST") }
  }

  /// One version; `LIVE` stands for the version that the live dataset would become.
  mutating func version(_ name: String) throws(InspectError) -> VersionRecord {
    try VersionRecord(try connection.command(["VERSION", "INFO", name]), to: "VERSION INFO")
  }

  /// Hands the differences in one database to `visit`, a page at a time.
  mutating func differences(
    from older: String, to newer: String, database: Int, pattern: String?, _ visit: (VersionDifference) -> Void
  ) throws(InspectError) {
    var command = ["VERSION", "DIFF", older, newer, "DB", String(database), "COUNT", "1000"]
    if let pattern { command += ["MATCH", pattern] }
    var cursor = "0"
    repeat {
      let page = try VersionDifference.Page(try connection.command(command + ["CURSOR", cursor]))
      visit(page.difference)
      cursor = page.cursor
    } while cursor != "0"
  }

  /// Hands the differences inside one key to `visit`, a page at a time.
  mutating func differences(
    from older: String, to newer: String, key: String, database: Int, pattern: String?,
    _ visit: (FieldDifference) -> Void
  ) throws(InspectError) {
    var command = ["VERSION", "DIFF", older, newer, "FIELDS", key, "DB", String(database), "COUNT", "1000"]
    if let pattern { command += ["MATCH", pattern] }
    var cursor = "0"
    repeat {
      let page = try FieldDifference.Page(try connection.command(command + ["CURSOR", cursor]))
      visit(page.difference)
      cursor = page.cursor
    } while cursor != "0"
  }

  /// Makes a version the live dataset. The id of the version that the state before has become, or nil when the server
  /// keeps none.
  mutating func rollback(to name: String) throws(InspectError) -> Int? {
    switch try connection.command(["VERSION", "ROLLBACK", name]) {
    case .integer(let id): return id
    case .null: return nil
    default: throw .unexpectedReply(to: "VERSION ROLLBACK")
    }
  }

  /// Whether a rollback keeps the state before it as a version.
  mutating func keepsStateBeforeRollback() throws(InspectError) -> Bool {
    let reply = try connection.command(["CONFIG", "GET", "version-history"])
    guard case .map(let pairs) = reply, let limit = pairs.first?.value.text else {
      throw .unexpectedReply(to: "CONFIG GET")
    }
    return limit != "0"
  }
}
