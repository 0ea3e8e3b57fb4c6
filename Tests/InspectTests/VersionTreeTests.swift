import Testing

@testable import cambium_inspect

@Suite struct VersionTreeTests {
  /// The drawing of versions given as id and parent, with a live dataset that descends from `parent`.
  private func drawing(_ versions: [(id: Int, parent: Int?)], liveParent parent: Int?) -> [String] {
    let records = versions.map { VersionRecord.sample(id: $0.id, parent: $0.parent) }
    let tree = VersionTree(records, live: .sample(id: 0, parent: parent))
    return tree.lines.map { $0.prefix + $0.version.label }
  }

  @Test func aServerWithoutVersionsHasItsLiveDataset() {
    #expect(drawing([], liveParent: nil) == ["◆ LIVE"])
  }

  @Test func aHistoryWithoutBranchesStaysInOneColumn() {
    #expect(drawing([(1, nil), (2, 1), (3, 2)], liveParent: 3) == ["● 1", "● 2", "● 3", "◆ LIVE"])
  }

  @Test func theLineToTheLiveDatasetGoesStraightOn() {
    // Back to 2 after 3 and 4 had been made.
    #expect(
      drawing([(1, nil), (2, 1), (3, 2), (4, 3), (5, 2)], liveParent: 5)
        == ["● 1", "● 2", "├─● 3", "│ ● 4", "● 5", "◆ LIVE"])
    // The live dataset descends from an old version, and two newer ones stand aside.
    #expect(
      drawing([(1, nil), (2, 1), (3, 1)], liveParent: 1) == ["● 1", "├─● 2", "├─● 3", "◆ LIVE"])
  }

  @Test func branchesOfBranchesAreDrawnInside() {
    #expect(
      drawing([(1, nil), (2, 1), (3, 2), (4, 2), (5, 4), (6, 1)], liveParent: 6)
        == ["● 1", "├─● 2", "│ ├─● 3", "│ ● 4", "│ ● 5", "● 6", "◆ LIVE"])
  }

  @Test func everyLineageIsATreeAndTheLiveOneComesLast() {
    #expect(drawing([(1, nil), (2, 1), (3, nil)], liveParent: 1) == ["● 3", "● 1", "├─● 2", "◆ LIVE"])
    // The parent of 5 has been dropped.
    #expect(drawing([(5, 4), (6, 5)], liveParent: nil) == ["● 5", "● 6", "◆ LIVE"])
  }

  @Test func tenThousandVersionsInALineAreDrawn() {
    let versions = (1...10_000).map { (id: $0, parent: $0 == 1 ? nil : $0 - 1) }
    let lines = drawing(versions, liveParent: 10_000)
    #expect(lines.count == 10_001)
    #expect(lines.last == "◆ LIVE")
  }
}

extension VersionRecord {
  static func sample(
    id: Int, name: String? = nil, parent: Int? = nil, keys: Int = 0, unique: Int = 0, held: [String] = []
  ) -> VersionRecord {
    VersionRecord(
      id: id, name: name, reason: "create", parent: parent, created: 1_795_332_000_000, generation: id, lineage: 1,
      keys: keys, referenced: 84 * keys, unique: unique, written: 0, held: held)
  }
}
