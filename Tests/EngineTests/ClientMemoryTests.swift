import Engine
import RESP
import TestSupport
import Testing

/// What clients may take: `maxmemory-clients`, output limits, buffers that are given back, and connections that speak
/// another protocol.
struct ClientMemoryTests {
  let harness = EngineHarness()

  private func limit(_ bytes: Int) {
    harness.engine.settings.maxmemoryClients = bytes
    harness.engine.recountClientMemory()
  }

  private func names() throws -> Set<String> {
    let lines = (try harness.run("CLIENT", "LIST").text ?? "").split(separator: "\n")
    return Set(
      lines.compactMap { $0.split(separator: " ").first { $0.hasPrefix("name=") }?.dropFirst(5) }.map(String.init))
  }

  /// A client that has sent the beginning of a long argument.
  @discardableResult
  private func client(_ name: String, holding count: Int) throws -> Session {
    let session = harness.open()
    try harness.run("CLIENT", "SETNAME", name, from: session)
    _ = harness.send(Array("*2\r\n$\(count)\r\n".utf8) + [UInt8](repeating: 118, count: count), from: session)
    return session
  }

  @Test func theLargestGoFirstAndOnlyAsManyAsMustGo() throws {
    try harness.run("CLIENT", "NO-EVICT", "ON")
    for (name, count) in [("small", 100_000), ("large", 3_000_000), ("middle", 1_000_000), ("large2", 3_000_000)] {
      try client(name, holding: count)
    }
    limit(20_000_000)
    #expect(try names().isSuperset(of: ["small", "large", "middle", "large2"]))
    limit(6_000_000)
    _ = try names()
    #expect(try names().isSuperset(of: ["small", "middle"]))
    #expect(try harness.info("evicted_clients") == "1")
    limit(1_000_000)
    _ = try names()
    #expect(try names().contains("small"))
    #expect(try names().isDisjoint(with: ["large", "middle", "large2"]))
    #expect(try harness.info("evicted_clients") == "3")
  }

  @Test func aClientThatGrowsTooLargeGoes() throws {
    limit(500_000)
    try client("argument", holding: 1_000_000)
    #expect(try !names().contains("argument"))

    let queue = harness.open()
    try harness.run("CLIENT", "SETNAME", "queue", from: queue)
    try harness.run("MULTI", from: queue)
    for _ in 0..<10 { _ = harness.raw(["SET", "k", String(repeating: "v", count: 100_000)], from: queue) }
    #expect(try !names().contains("queue"))

    let watcher = harness.open()
    try harness.run("CLIENT", "SETNAME", "watcher", from: watcher)
    for number in 0..<5000 { _ = harness.raw(["WATCH", "\(number)"], from: watcher) }
    #expect(try !names().contains("watcher"))

    let tracker = harness.open()
    try harness.run("CLIENT", "SETNAME", "tracker", from: tracker)
    for number in 10_000..<14_000 {
      _ = harness.raw(["CLIENT", "TRACKING", "on", "BCAST", "PREFIX", "\(number)"], from: tracker)
    }
    #expect(try !names().contains("tracker"))

    let subscriber = harness.open()
    try harness.run("CLIENT", "SETNAME", "subscriber", from: subscriber)
    for number in 0..<5000 { _ = harness.raw(["SUBSCRIBE", "\(number)"], from: subscriber) }
    #expect(try !names().contains("subscriber"))
  }

  @Test func aCommandThatIsTooLargeIsNotExecuted() throws {
    limit(3_000_000)
    let session = harness.open()
    try harness.run("CLIENT", "SETNAME", "large", from: session)
    #expect(
      harness.raw(["SET", "k", String(repeating: "v", count: 1_000_000)], from: session) == Array("+OK\r\n".utf8))
    #expect(harness.raw(["SET", "l", String(repeating: "v", count: 3_000_000)], from: session) == [])
    #expect(try !names().contains("large"))
    #expect(try harness.run("EXISTS", "k", "l") == .integer(1))
  }

  @Test func whoIsExemptStays() throws {
    limit(500_000)
    let session = harness.open()
    try harness.run("CLIENT", "NO-EVICT", "ON", from: session)
    try harness.run("CLIENT", "NO-EVICT", "ON")
    try harness.run("CLIENT", "SETNAME", "exempt", from: session)
    _ = harness.send(Array("*1\r\n$1000000\r\n".utf8) + [UInt8](repeating: 118, count: 1_000_000), from: session)
    #expect(try names().contains("exempt"))
    #expect(try harness.run("PING") == .simple("PONG"))
  }

  @Test func aShareOfMaxmemoryIsReckonedWithIt() throws {
    harness.engine.settings.maxmemory = 10_000_000
    limit(-10)
    try client("fits", holding: 200_000)
    #expect(try names().contains("fits"))
    try client("does-not", holding: 1_500_000)
    #expect(try !names().contains("does-not"))
    #expect(try names().contains("fits"))
    // Without a limit for the dataset there is nothing to take a share of.
    harness.engine.settings.maxmemory = 0
    try client("any", holding: 1_500_000)
    #expect(try names().contains("any"))
  }

  @Test func aReplyBeyondTheHardLimitIsNotSent() throws {
    harness.engine.settings.outputLimits.normal = .init(hard: 100_000, soft: 0, softSeconds: 0)
    try harness.run("SET", "k", String(repeating: "v", count: 50_000))
    let session = harness.open()
    #expect(harness.raw(["GET", "k"], from: session).count > 50_000)
    var request: [UInt8] = []
    for _ in 0..<3 { request.command([Array("GET".utf8), Array("k".utf8)]) }
    #expect(harness.send(request, from: session) == [])
    #expect(try harness.info("client_output_buffer_limit_disconnections") == "1")
    // A transaction is executed to its end all the same.
    let other = harness.open()
    for words in [["MULTI"], ["GET", "k"], ["GET", "k"], ["GET", "k"], ["SET", "l", "1"]] {
      try harness.run(words, from: other)
    }
    #expect(harness.raw(["EXEC"], from: other) == [])
    #expect(try harness.run("GET", "l") == .bulk([49]))
  }

  /// A reply without end is begun where a limit ends it, and only there.
  @Test(arguments: [["HRANDFIELD", "h"], ["SRANDMEMBER", "s"], ["ZRANDMEMBER", "z"]])
  func whatIsRepeatedForEverEndsAtTheHardLimit(_ words: [String]) throws {
    try harness.run("HSET", "h", "a", "b")
    try harness.run("SADD", "s", "a")
    try harness.run("ZADD", "z", "1", "a")
    let endless = words + ["-999999999"]
    #expect(try harness.run(endless) == .error("ERR value is out of range"))
    harness.engine.settings.outputLimits.normal = .init(hard: 1_000_000, soft: 0, softSeconds: 0)
    let session = harness.open()
    #expect(harness.raw(endless, from: session) == [])
    #expect(try harness.info("client_output_buffer_limit_disconnections") == "1")
  }

  /// What is read of a command that is cut short is no input any more: its complete arguments, and the lengths.
  @Test func argumentsThatAreCompleteAreNoInput() throws {
    let session = harness.open()
    func fields() throws -> [String] {
      let line = try harness.run("CLIENT", "LIST", "ID", "\(session.id)").text ?? ""
      return line.split(separator: " ").map(String.init).filter { $0.hasPrefix("qbuf=") || $0.hasPrefix("argv-mem=") }
    }
    _ = harness.send(
      Array("*3\r\n$3\r\nSET\r\n$100000\r\n".utf8) + [UInt8](repeating: 118, count: 70_000), from: session)
    #expect(try fields() == ["qbuf=70000", "argv-mem=3"])
    _ = harness.send([UInt8](repeating: 118, count: 30_000) + Array("\r\n$5\r\nab".utf8), from: session)
    #expect(try fields() == ["qbuf=2", "argv-mem=100003"])
  }

  @Test func idleBuffersAreGivenBack() throws {
    func room() throws -> Int {
      let line = try harness.run("CLIENT", "LIST", "ID", "\(harness.session.id)", from: harness.open()).text ?? ""
      let fields = line.split(separator: " ").filter { $0.hasPrefix("qbuf") }
      return fields.reduce(0) { $0 + (Int($1.split(separator: "=").last ?? "") ?? 0) }
    }
    func cron() { harness.engine.cron(nowMicroseconds: Int64(harness.clock.milliseconds) * 1000) }
    try harness.run("PING")
    #expect(try room() == 16384)
    try harness.run("SET", "k", String(repeating: "v", count: 400_000))
    #expect(try room() > 400_000)
    for _ in 0..<3 {
      harness.clock.advance(milliseconds: 500)
      try harness.run("PING")
      cron()
    }
    #expect(try room() == 16384)
    harness.clock.advance(milliseconds: 2500)
    cron()
    #expect(try room() == 0)
    #expect(try harness.run("GET", "k").text?.count == 400_000)
  }

  @Test(arguments: ["POST / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: here\r\n\r\n"])
  func whoSpeaksHTTPIsClosed(_ request: String) throws {
    let session = harness.open()
    var logged: [String] = []
    harness.engine.log = { _, text in logged.append(text) }
    let answer = harness.send(Array((request + "SET k 1\r\n").utf8), from: session)
    #expect(answer.isEmpty || answer.first == UInt8(ascii: "-"))
    #expect(logged.contains { $0.contains("SECURITY ATTACK") })
    #expect(try harness.run("EXISTS", "k") == .integer(0))
    #expect(try harness.run("CLIENT", "LIST", "ID", "\(session.id)").text == "")
  }
}
