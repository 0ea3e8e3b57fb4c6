import RESP
import Synchronization
import TestSupport
import Testing

/// The link breaks in the full sync.
@Suite(.tags(.drill), .serialized) struct TransferDrills {
  /// A primary that announces a snapshot of `announced` bytes, sends these, and closes.
  static func primary(sending bytes: @escaping @Sendable () -> [UInt8], announced: Int) throws -> FaultyPrimary {
    try FaultyPrimary { conversation in
      try conversation.shakeHands()
      try conversation.send("$\(announced)\r\n")
      try conversation.send(bytes())
    }
  }

  /// One that sends the first half of a snapshot, and then nothing more.
  static func stallingPrimary() throws -> FaultyPrimary {
    let file = SmallSnapshot.file
    return try FaultyPrimary { conversation in
      try conversation.shakeHands()
      try conversation.send("$\(file.count)\r\n")
      try conversation.send(Array(file.prefix(file.count / 2)))
      try conversation.waitForEnd()
    }
  }

  /// `(line in place of the announcement, error)`
  @Test(arguments: [
    ("-ERR no", "MASTER aborted replication with an error: -ERR no"),
    ("HELLO", "Bad protocol from MASTER, the first byte is not '$' (we received 'HELLO')"),
    ("$20\r\nRADIS0010...........", "wrong signature: this is not an RDB file"),
    ("$20\r\nREDIS9999...........", "can't handle RDB format version 9999"),
  ]) func badBeginning(line: String, error: String) throws {
    let primary = try FaultyPrimary { conversation in
      try conversation.shakeHands()
      try conversation.send(line + "\r\n")
      try conversation.waitForEnd()
    }
    let drill = try Drill()
    try drill.replicate(port: primary.port)
    try drill.waitForError(error)
    try drill.finish()
  }

  @Test func cutAtEveryByte() throws {
    let file = SmallSnapshot.file
    let count = Mutex(0)
    try eachTime(file.indices, primary: { cut in count.withLock { $0 = cut } }) {
      Array(file.prefix(count.withLock { $0 }))
    } error: { _ in
      "I/O error trying to sync with MASTER: connection lost"
    }
  }

  @Test func everyByteFlipped() throws {
    let file = SmallSnapshot.file
    let index = Mutex(0)
    try eachTime(file.indices, primary: { flipped in index.withLock { $0 = flipped } }) {
      var damaged = file
      damaged[index.withLock { $0 }] ^= 0x20
      return damaged
    } error: { _ in
      "Failed trying to load the MASTER synchronization DB from socket: "
    }
  }

  /// Lets a primary send damaged bytes for each of `places`, and sees each time that nothing came of it.
  private func eachTime(
    _ places: Range<Int>, primary setPlace: (Int) -> Void, sending bytes: @escaping @Sendable () -> [UInt8],
    error: (Int) -> String
  ) throws {
    let primary = try Self.primary(sending: bytes, announced: SmallSnapshot.file.count)
    let drill = try Drill()
    for place in places {
      setPlace(place)
      try drill.replicate(port: primary.port)
      try drill.wait(for: "master_link_last_error") { $0.contains(error(place)) }
      #expect(drill.old.missing(drill.operatorClient).isEmpty)
      #expect(try drill.operatorClient.command("REPLICAOF", "NO", "ONE") == .simple("OK"))
    }
    #expect(try drill.operatorClient.command("VERSION", "LIST") == .array([]))
    try drill.finish()
  }

  @Test func stall() throws {
    let primary = try Self.stallingPrimary()
    let drill = try Drill(["repl-timeout 1"])
    try drill.replicate(port: primary.port)
    try drill.wait(for: "staging_state") { $0 == "loading" }
    #expect(try drill.field("master_sync_in_progress") == "1")
    #expect(try drill.field("staging_bytes_total") == "\(SmallSnapshot.file.count)")
    #expect(try drill.field("staging_bytes_read") == "\(SmallSnapshot.file.count / 2)")
    // As Redis says it of a replica that goes on serving what it has.
    let loading = try drill.operatorClient.information("persistence")
    #expect(loading["loading"] == "0" && loading["async_loading"] == "1")
    #expect(loading["loading_total_bytes"] == "\(SmallSnapshot.file.count)")
    #expect(loading["loading_loaded_bytes"] == "\(SmallSnapshot.file.count / 2)")
    #expect(loading["loading_loaded_perc"]?.hasPrefix("50.") == true || SmallSnapshot.file.count % 2 == 1)
    try drill.waitForError("Timeout receiving bulk data from MASTER...")
    #expect(try drill.operatorClient.information("persistence")["async_loading"] == "0")
    try drill.finish()
  }

  @Test func noOneInTheMiddle() throws {
    let primary = try Self.stallingPrimary()
    let drill = try Drill()
    for _ in 0..<20 {
      try drill.replicate(port: primary.port)
      try drill.wait(for: "staging_state") { $0 == "loading" }
      #expect(try drill.operatorClient.command("REPLICAOF", "NO", "ONE") == .simple("OK"))
      #expect(try drill.operatorClient.command("SET", "own", "write") == .simple("OK"))
    }
    try drill.finish()
  }

  @Test func anotherPrimaryInTheMiddle() throws {
    let primary = try Self.stallingPrimary()
    let other = try ServerProcess(.redis, directives: ["repl-diskless-sync-delay 0"])
    try other.connect().command("SET", "theirs", "1")
    let drill = try Drill()
    try drill.replicate(port: primary.port)
    try drill.wait(for: "staging_state") { $0 == "loading" }
    let third = try Self.stallingPrimary()
    try drill.replicate(port: third.port)
    try drill.wait(for: "staging_state") { $0 == "loading" }
    #expect(third.connections == 1)
    #expect(drill.old.missing(drill.operatorClient).isEmpty)
    try drill.finish()

    // A whole dataset does go live, and the former one can be had back.
    try drill.replicate(port: other.port)
    try drill.wait(for: "master_link_status") { $0 == "up" }
    #expect(try drill.operatorClient.command("GET", "theirs") == .bulk("1"))
    #expect(try drill.operatorClient.command("DBSIZE") == .integer(1))
    try drill.operatorClient.command("REPLICAOF", "NO", "ONE")
    #expect(try drill.operatorClient.command("VERSION", "ROLLBACK", "before-replicaof-1") == .integer(2))
    #expect(drill.old.missing(drill.operatorClient).isEmpty)
  }

  @Test func anEmptyPrimaryIsRefused() throws {
    let primary = try ServerProcess(.redis, directives: ["repl-diskless-sync-delay 0"])
    let drill = try Drill()
    try drill.replicate(port: primary.port)
    try drill.waitForError("MASTER is empty and this server is not: dataset kept, see 'replica-refuse-empty'")
    try drill.finish()
    try drill.operatorClient.command("CONFIG", "SET", "replica-refuse-empty", "no")
    try drill.replicate(port: primary.port)
    try drill.wait(for: "master_link_status") { $0 == "up" }
    #expect(try drill.operatorClient.command("DBSIZE") == .integer(0))
  }

  @Test func valuesOfAllTypesArrive() throws {
    let primary = try ServerProcess(
      .redis, directives: ["repl-diskless-sync-delay 0", "enable-debug-command yes"])
    let client = try primary.connect()
    for size in [3, 3000] {
      let words = (0..<size).map { "word \($0)" }
      try client.command(["RPUSH", "list \(size)"] + words)
      try client.command(["SADD", "set \(size)"] + words)
      try client.command(["HSET", "hash \(size)"] + words + words)
      try client.command(["ZADD", "sorted set \(size)"] + words.enumerated().flatMap { ["\($0.offset)", $0.element] })
      try client.command(["SADD", "integers \(size)"] + (0..<size).map { "\($0)" })
    }
    let drill = try Drill(["enable-debug-command yes"])
    try drill.replicate(port: primary.port)
    try drill.wait(for: "master_link_status") { $0 == "up" }
    #expect(try drill.operatorClient.command("DEBUG", "DIGEST") == client.command("DEBUG", "DIGEST"))
    try client.command("ZADD", "sorted set 3000", "5", "new")
    #expect(
      try ServerProcess.wait(milliseconds: 10_000) {
        try drill.operatorClient.command("DEBUG", "DIGEST") == client.command("DEBUG", "DIGEST")
      })
  }

  @Test func whatDoesNotFitBesideTheOldDatasetIsRefused() throws {
    let primary = try ServerProcess(.redis, directives: ["repl-diskless-sync-delay 0"])
    let client = try primary.connect()
    var random = SeededGenerator()
    for index in 0..<100 {
      try client.command(["SET", "big:\(index)"].map { Array($0.utf8) } + [random.bytes(count: 40_000)])
    }
    let drill = try Drill(["maxmemory 1500000"])
    try drill.replicate(port: primary.port)
    try drill.waitForError("the dataset would exceed the memory limit of ")
    try drill.finish()

    // The operator may value the new one more.
    try drill.operatorClient.command("CONFIG", "SET", "maxmemory", "4500000", "replica-staging-policy", "drop-old")
    try drill.operatorClient.command("SET", "ballast", String(repeating: "b", count: 2_000_000))
    try drill.replicate(port: primary.port)
    try drill.wait(for: "master_link_status") { $0 == "up" }
    #expect(drill.server.log.text.contains("the live one is given up ('replica-staging-policy drop-old')"))
    #expect(try drill.operatorClient.command("DBSIZE") == .integer(100))
  }
}
