import Testing

@testable import cambium_inspect

@Suite struct TableTests {
  @Test func columnsAreAsWideAsTheirWidestCell() {
    var table = Table([.init("ID", .right), .init("NAME"), .init("KEYS", .right)])
    table.append(["7", "nightly", "1,000"])
    table.append(["12", "", "5"])
    #expect(table.lines(colour: false) == ["ID  NAME      KEYS", " 7  nightly  1,000", "12               5"])
  }

  @Test func linesDoNotEndInBlanks() {
    var table = Table([.init("A"), .init("B"), .init("C", .right)])
    table.append(["x", "", ""])
    table.append(["", "", ""])
    #expect(table.lines(colour: false) == ["A  B  C", "x", ""])
  }

  @Test func coloursTakeNoRoom() {
    var table = Table([.init("ID", .right), .init("NAME")])
    table.append([StyledText("7", .cyan), StyledText("nightly", .yellow)])
    #expect(
      table.lines(colour: true)
        == ["\u{1B}[1mID\u{1B}[0m  \u{1B}[1mNAME\u{1B}[0m", " \u{1B}[36m7\u{1B}[0m  \u{1B}[33mnightly\u{1B}[0m"])
  }

  @Test func treesStandInOneColumnOfATable() {
    let versions = [
      VersionRecord.sample(id: 1, name: "nightly", keys: 1_000_000, unique: 4096, held: ["audit"]),
      .sample(id: 2, parent: 1, keys: 12),
    ]
    let tree = VersionTree(versions, live: .sample(id: 0, parent: 1, keys: 3, unique: 160))
    #expect(
      VersionTable.tree(tree).lines(colour: false) == [
        "VERSION      CREATED                    KEYS   UNIQUE  HELD",
        "● 1 nightly  2026-11-22T07:20:00Z  1,000,000  4.0 KiB  audit",
        "├─● 2        2026-11-22T07:20:00Z         12      0 B",
        "◆ LIVE                                     3    160 B",
      ])
  }
}
