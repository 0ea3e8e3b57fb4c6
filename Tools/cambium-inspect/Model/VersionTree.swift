/// The versions of a server and its live dataset, drawn as a tree from the oldest down:
///
///     ● 1 nightly
///     ● 2
///     ├─● 3 experiment
///     │ ● 4
///     ● 5 before-flushall-5
///     ◆ LIVE
///
/// A version's only child stands right below it, so that a long history stays narrow. Where several descend from one, the
/// line that leads to the live dataset, or else to the latest version, goes straight on, and the others stand between.
struct VersionTree {
  struct Line: Equatable {
    /// What is drawn in front of the version.
    var prefix: String
    var version: VersionRecord
  }

  private(set) var lines: [Line] = []
  private let children: [Int: [VersionRecord]]
  /// Versions on the way from the live dataset up to its root.
  private var trunk: Set<Int> = []

  init(_ versions: [VersionRecord], live: VersionRecord) {
    let all = versions + [live]
    let known = Dictionary(all.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    // A version whose parent has been dropped is a root.
    func parent(_ version: VersionRecord) -> VersionRecord? { version.parent.flatMap { known[$0] } }
    children = Dictionary(grouping: all.filter { parent($0) != nil }, by: { $0.parent ?? 0 })
    var step: VersionRecord? = live
    while let version = step, trunk.insert(version.id).inserted { step = parent(version) }
    for root in inOrder(all.filter { parent($0) == nil }) { draw(root, prefix: "", branch: nil) }
  }

  /// The trunk, or else the latest, comes last.
  private func inOrder(_ versions: [VersionRecord]) -> [VersionRecord] {
    versions.sorted { (trunk.contains($0.id) ? 1 : 0, $0.id) < (trunk.contains($1.id) ? 1 : 0, $1.id) }
  }

  /// Draws a version and all that descends from it. `branch` is what the first line has in place of the prefix.
  private mutating func draw(_ root: VersionRecord, prefix: String, branch: String?) {
    var first = branch
    var next: VersionRecord? = root
    while let version = next {
      lines.append(Line(prefix: (first ?? prefix) + (version.isLive ? "◆ " : "● "), version: version))
      first = nil
      let below = inOrder(children[version.id] ?? [])
      for child in below.dropLast() { draw(child, prefix: prefix + "│ ", branch: prefix + "├─") }
      next = below.last
    }
  }
}
