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

  @Test func aPageOfOneKeyIsReadInItsThreeForms() throws {
    let page = try FieldDifference.Page(
      .array([
        .bulk("3-4"),
        map([
          ("added", .array([.array([.integer(7), .bulk("e")])])), ("removed", .array([.bulk([0xFF])])),
          ("changed", .array([.array([.integer(0), .integer(4)])])),
        ]),
      ]))
    #expect(page.cursor == "3-4")
    #expect(page.difference.fields.added == [.element(index: 7, [0x65])])
    #expect(page.difference.fields.removed == [.name([0xFF])])
    #expect(page.difference.fields.changed == [.bytes(offset: 0, count: 4)])
    #expect(page.difference.groups == nil)
    let texts = (page.difference.fields.added + page.difference.fields.changed).map(\.text)
    #expect(texts == ["[7] e", "bytes 0 to 3"])
    let json = try JSONText.render(page.difference)
    for part in [#""element" : "e""#, #""index" : 7"#, #""base64" : "/w==""#, #""length" : 4"#] {
      #expect(json.contains(part))
    }
    #expect(!json.contains("groups"))
  }

  @Test(arguments: [
    Reply.null, .array([.bulk("0"), .map([])]), .array([.bulk("0"), .array([])]),
    .array([.bulk("0"), .map([ReplyPair(.bulk("added"), .array([.integer(1)]))])]),
    .array([.bulk("0"), .map([ReplyPair(.bulk("added"), .array([.array([.integer(1), .null])]))])]),
  ])
  func anotherReplyIsNoPageOfOneKey(reply: Reply) {
    #expect(throws: InspectError.unexpectedReply(to: "VERSION DIFF")) { try FieldDifference.Page(reply) }
  }
}
