import RESP
import Testing

@testable import cambium_inspect

@Suite struct ReplyDecodingTests {
  private static let fields: [(String, Reply)] = [
    ("id", .integer(3)), ("name", .bulk("nightly")), ("reason", .bulk("create")), ("parent", .integer(2)),
    ("created-ms", .integer(1_795_332_000_000)), ("generation", .integer(17)), ("lineage", .integer(1)),
    ("keys", .integer(1000)), ("referenced-bytes", .integer(84_000)), ("unique-bytes", .integer(160)),
    ("written-bytes", .integer(320)), ("held", .array([.bulk("audit")])),
  ]

  private func map(_ fields: [(String, Reply)]) -> Reply {
    .map(fields.map { ReplyPair(.bulk($0.0), $0.1) })
  }

  @Test func aVersionIsReadFromItsMap() throws {
    let version = try VersionRecord(map(Self.fields), to: "VERSION INFO")
    #expect(version.id == 3)
    #expect(version.name == "nightly")
    #expect(version.parent == 2)
    #expect(version.created == 1_795_332_000_000)
    #expect(version.referenced == 84_000)
    #expect(version.unique == 160)
    #expect(version.written == 320)
    #expect(version.held == ["audit"])
    #expect(!version.isLive)
  }

  @Test func nameAndParentMayBeAbsentAndNewFieldsAreIgnored() throws {
    var fields = Self.fields
    fields[1].1 = .null
    fields[3].1 = .null
    fields.append(("compressed-bytes", .integer(1)))
    let version = try VersionRecord(map(fields), to: "VERSION INFO")
    #expect(version.name == nil)
    #expect(version.parent == nil)
  }

  @Test(arguments: 0..<12)
  func aFieldThatIsMissingOrOfAnotherTypeIsAnError(index: Int) {
    var fields = Self.fields
    fields[index].1 = .boolean(true)
    #expect(throws: InspectError.unexpectedReply(to: "VERSION INFO")) {
      try VersionRecord(map(fields), to: "VERSION INFO")
    }
    fields.remove(at: index)
    #expect(throws: InspectError.unexpectedReply(to: "VERSION INFO")) {
      try VersionRecord(map(fields), to: "VERSION INFO")
    }
  }

  @Test func jsonHasTheServersNamesAndNulls() throws {
    var fields = Self.fields
    fields[1].1 = .null
    let text = try JSONText.render(try VersionRecord(map(fields), to: "VERSION INFO"))
    #expect(text.contains(#""created-ms" : 1795332000000"#))
    #expect(text.contains(#""name" : null"#))
    #expect(text.contains(#""unique-bytes" : 160"#))
  }

  @Test func aPageOfDifferencesIsReadWithItsCursor() throws {
    let page = try VersionDifference.Page(
      .array([
        .bulk("17"),
        map([
          ("added", .array([.bulk("a"), .bulk([0xFF])])), ("removed", .array([])), ("changed", .array([.bulk("c")])),
        ]),
      ]))
    #expect(page.cursor == "17")
    #expect(page.difference == VersionDifference(added: [[0x61], [0xFF]], removed: [], changed: [[0x63]]))
    let json = try JSONText.render(page.difference)
    #expect(json.contains(#""base64" : "/w==""#))
  }

  @Test(arguments: [
    Reply.null, .array([]), .array([.bulk("0"), .map([])]), .array([.bulk("0"), .array([])]),
  ])
  func anotherReplyIsNoPage(reply: Reply) {
    #expect(throws: InspectError.unexpectedReply(to: "VERSION DIFF")) { try VersionDifference.Page(reply) }
  }
}
