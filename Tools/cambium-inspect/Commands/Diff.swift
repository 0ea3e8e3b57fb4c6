import ArgumentParser

struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows the keys that one version has added (+), removed (-) or changed (~) against another.",
    discussion: "With --fields the same inside one key: fields, members, entries by id, elements by index, bytes.")

  @Argument(help: "The version to start from, or LIVE.")
  var older: String

  @Argument(help: "The version to compare with it.")
  var newer = "LIVE"

  @Option(name: .customLong("db"), help: "The database.")
  var database = 0

  @Option(help: "Only keys, or with --fields only parts of the key, that match this pattern.")
  var match: String?

  @Option(help: "The key to look into.")
  var fields: String?

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    var server = try server.connect()
    if let fields { return try showFields(of: fields, &server) }
    var total = VersionDifference()
    let colour = Terminal.hasColour
    try server.differences(from: older, to: newer, database: database, pattern: match) { page in
      total += page
      if !output.json { show(page, colour: colour) }
    }
    if output.json { return print(try JSONText.render(total)) }
    let counts = [total.added.count, total.removed.count, total.changed.count].map(HumanText.count)
    print(StyledText("\(counts[0]) added, \(counts[1]) removed, \(counts[2]) changed", .faint).rendered(colour: colour))
  }

  private func show(_ page: VersionDifference, colour: Bool) {
    show(page.added.map(HumanText.key), page.removed.map(HumanText.key), page.changed.map(HumanText.key), colour)
  }

  private func show(_ added: [String], _ removed: [String], _ changed: [String], _ colour: Bool) {
    let kinds: [(sign: String, style: StyledText.Style, names: [String])] = [
      ("+", .green, added), ("-", .red, removed), ("~", .yellow, changed),
    ]
    for (sign, style, names) in kinds {
      for name in names { print(StyledText("\(sign) \(name)", style).rendered(colour: colour)) }
    }
  }

  private func showFields(of key: String, _ server: inout VersionServer) throws {
    var total = FieldDifference()
    let colour = Terminal.hasColour
    try server.differences(from: older, to: newer, key: key, database: database, pattern: match) { page in
      total += page
      guard !output.json else { return }
      show(page.fields, colour, prefix: "")
      if let groups = page.groups { show(groups, colour, prefix: "group ") }
      show([], [], page.properties, colour)
    }
    if output.json { return print(try JSONText.render(total)) }
    let changes = total.fields
    let counts = [changes.added.count, changes.removed.count, changes.changed.count].map(HumanText.count)
    print(StyledText("\(counts[0]) added, \(counts[1]) removed, \(counts[2]) changed", .faint).rendered(colour: colour))
  }

  private func show(_ changes: FieldDifference.Changes, _ colour: Bool, prefix: String) {
    func lines(_ items: [FieldDifference.Item]) -> [String] { items.map { prefix + $0.text } }
    show(lines(changes.added), lines(changes.removed), lines(changes.changed), colour)
  }
}
