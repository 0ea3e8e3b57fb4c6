/// How versions are laid out as tables.
enum VersionTable {
  static func list(_ versions: [VersionRecord]) -> Table {
    var table = Table([
      .init("ID", .right), .init("NAME"), .init("REASON"), .init("PARENT", .right), .init("CREATED"),
      .init("KEYS", .right), .init("REFERENCED", .right), .init("UNIQUE", .right), .init("WRITTEN", .right),
      .init("HELD"),
    ])
    for version in versions {
      table.append([
        StyledText(String(version.id), .cyan), StyledText(version.name ?? ""), StyledText(version.reason, .faint),
        StyledText(version.parent.map(String.init) ?? ""), StyledText(TimeText.utc(milliseconds: version.created)),
        StyledText(HumanText.count(version.keys)), StyledText(HumanText.byteCount(version.referenced)),
        StyledText(HumanText.byteCount(version.unique)), StyledText(HumanText.byteCount(version.written)),
        StyledText(version.held.joined(separator: ", "), .yellow),
      ])
    }
    return table
  }

  static func tree(_ tree: VersionTree) -> Table {
    var table = Table([
      .init("VERSION"), .init("CREATED"), .init("KEYS", .right), .init("UNIQUE", .right), .init("HELD"),
    ])
    for line in tree.lines {
      let version = line.version
      table.append([
        StyledText(line.prefix + version.label, version.isLive ? .green : .plain),
        StyledText(version.isLive ? "" : TimeText.utc(milliseconds: version.created)),
        StyledText(HumanText.count(version.keys)), StyledText(HumanText.byteCount(version.unique)),
        StyledText(version.held.joined(separator: ", "), .yellow),
      ])
    }
    return table
  }

  static func details(_ version: VersionRecord) -> Table {
    var table = Table([.init(version.isLive ? "LIVE" : "VERSION"), .init(version.isLive ? "" : version.label)])
    func row(_ name: String, _ value: String) { table.append([StyledText(name, .faint), StyledText(value)]) }
    func bytes(_ count: Int) -> String {
      count < 1024 ? HumanText.byteCount(count) : "\(HumanText.byteCount(count)) (\(HumanText.count(count)) bytes)"
    }
    row("reason", version.reason)
    row("parent", version.parent.map(String.init) ?? "none")
    row("created", TimeText.utc(milliseconds: version.created))
    row("generation", String(version.generation))
    row("lineage", String(version.lineage))
    row("keys", HumanText.count(version.keys))
    row("referenced", bytes(version.referenced))
    row("unique", bytes(version.unique))
    row("written", bytes(version.written))
    row("held", version.held.isEmpty ? "no" : version.held.joined(separator: ", "))
    return table
  }
}

extension VersionRecord {
  /// `7 nightly`, `7` or `LIVE`.
  var label: String {
    if isLive { return "LIVE" }
    return name.map { "\(id) \($0)" } ?? String(id)
  }
}
