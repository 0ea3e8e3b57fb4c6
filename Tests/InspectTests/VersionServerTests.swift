import RESP
import TestSupport
import Testing

@testable import cambium_inspect

/// The commands of the tool against a running server.
@Suite struct VersionServerTests {
  @Test func versionsAreListedComparedAndBroughtBack() throws {
    let cambium = try ServerProcess(.cambium)
    let client = try cambium.connect()
    try client.command("MSET", "a", "1", "b", "2")
    try client.command("VERSION", "CREATE", "nightly")
    try client.command("DEL", "a")
    try client.command("MSET", "b", "3", "c", "4")

    var server = try connect(to: cambium)
    let versions = try server.versions()
    #expect(versions.map(\.label) == ["1 nightly"])
    #expect(versions.map(\.keys) == [2])
    let live = try server.version("LIVE")
    #expect(live.isLive)
    #expect(live.parent == 1)
    #expect(VersionTree(versions, live: live).lines.map(\.prefix) == ["● ", "◆ "])

    var difference = VersionDifference()
    try server.differences(from: "nightly", to: "LIVE", database: 0, pattern: nil) { difference += $0 }
    let letters = ["a", "b", "c"].map { Array($0.utf8) }
    #expect(difference == VersionDifference(added: [letters[2]], removed: [letters[0]], changed: [letters[1]]))

    #expect(try server.keepsStateBeforeRollback())
    let former = try #require(try server.rollback(to: "1"))
    #expect(try client.command("MGET", "a", "b", "c") == .array([.bulk("1"), .bulk("2"), .null]))
    #expect(try server.version(String(former)).keys == 2)
  }

  @Test func largeDifferencesComeInPages() throws {
    let cambium = try ServerProcess(.cambium)
    let client = try cambium.connect()
    try client.command("VERSION", "CREATE")
    _ = try client.pipeline((0..<5000).map { ["SET", "key:\($0)", "value"] })
    var server = try connect(to: cambium)
    var keys: Set<[UInt8]> = []
    var pages = 0
    try server.differences(from: "1", to: "LIVE", database: 0, pattern: "key:*") {
      keys.formUnion($0.added)
      pages += 1
    }
    #expect(keys.count == 5000)
    #expect(pages > 1)
  }

  @Test func differencesInsideOneKey() throws {
    let cambium = try ServerProcess(.cambium)
    let client = try cambium.connect()
    try client.command("HSET", "h", "a", "1", "b", "2")
    try client.command("XADD", "s", "1-1", "f", "v")
    try client.command("VERSION", "CREATE", "nightly")
    try client.command("HDEL", "h", "a")
    try client.command("HSET", "h", "b", "3", "c", "4")
    try client.command("XADD", "s", "2-1", "f", "v")
    try client.command("XGROUP", "CREATE", "s", "g", "0")
    _ = try client.pipeline((0..<5000).map { ["RPUSH", "l", "element:\($0)"] })

    var server = try connect(to: cambium)
    func differences(of key: String, _ server: inout VersionServer) throws -> (total: FieldDifference, pages: Int) {
      var (total, pages) = (FieldDifference(), 0)
      try server.differences(from: "nightly", to: "LIVE", key: key, database: 0, pattern: nil) {
        total += $0
        pages += 1
      }
      return (total, pages)
    }
    let letters = ["a", "b", "c"].map { FieldDifference.Item.name(Array($0.utf8)) }
    let hash = try differences(of: "h", &server).total
    #expect(hash.fields == .init(added: [letters[2]], removed: [letters[0]], changed: [letters[1]]))
    #expect(hash.groups == nil)
    let stream = try differences(of: "s", &server).total
    #expect(stream.fields.added == [.name(Array("2-1".utf8))])
    #expect(stream.groups?.added == [.name(Array("g".utf8))])
    #expect(stream.properties == ["last-generated-id", "entries-added"])
    let list = try differences(of: "l", &server)
    #expect(list.pages > 1)
    #expect(list.total.fields.added.count == 5000)
    #expect(list.total.fields.added.last == .element(index: 4999, Array("element:4999".utf8)))
  }

  @Test func aRollbackThatKeepsNothingSaysSo() throws {
    let cambium = try ServerProcess(.cambium, directives: ["version-history 0"])
    try cambium.connect().command("VERSION", "CREATE")
    var server = try connect(to: cambium)
    #expect(try !server.keepsStateBeforeRollback())
    #expect(try server.rollback(to: "1") == nil)
  }

  @Test func errorsOfTheServerAreItsOwnWords() throws {
    let cambium = try ServerProcess(.cambium)
    var server = try connect(to: cambium)
    #expect(throws: InspectError.refused("ERR no such version '7'")) { try server.version("7") }
    let redis = try ServerProcess(.redis)
    var other = try connect(to: redis)
    #expect(throws: InspectError.self) { try other.versions() }
  }

  @Test func aPasswordIsSent() throws {
    let cambium = try ServerProcess(.cambium, directives: ["requirepass secret"])
    let wrong = InspectError.refused("WRONGPASS invalid username-password pair or user is disabled.")
    #expect(throws: wrong) { _ = try connect(to: cambium, password: "wrong") }
    var server = try connect(to: cambium, password: "secret")
    #expect(try server.versions().isEmpty)
  }

  @Test func nobodyListens() throws {
    let port = try ServerProcess.freePort()
    #expect(throws: InspectError.unreachable(host: "127.0.0.1", port: port, reason: "Connection refused")) {
      _ = try Connection(host: "127.0.0.1", port: port)
    }
  }

  private func connect(to process: ServerProcess, password: String? = nil) throws -> VersionServer {
    try VersionServer(host: "127.0.0.1", port: process.port, user: "default", password: password)
  }
}
