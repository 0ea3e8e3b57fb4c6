import TestSupport

/// The RDB file of a few keys, as redis-server writes it.
enum SmallSnapshot {
  static let replicationID = String(repeating: "c0ffee42", count: 5)

  /// `key:0` to `key:4` with `new`, in databases 0 and 3.
  static let file: [UInt8] = {
    do {
      let server = try ServerProcess(.redis)
      let client = try server.connect()
      for database in ["0", "3"] {
        try client.command("SELECT", database)
        for index in 0..<5 { try client.command("SET", "key:\(index)", "new") }
      }
      try client.command("SAVE")
      return try server.contents(of: "dump.rdb")
    } catch {
      preconditionFailure("redis-server writes no snapshot: \(error)")
    }
  }()
}
