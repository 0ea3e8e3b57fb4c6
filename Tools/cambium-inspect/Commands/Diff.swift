import ArgumentParser

struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows the keys that one version has added (+), removed (-) or changed (~) against another.")

  @Argument(help: "The version to start from, or LIVE.")
  var older: String

  @Argument(help: "The version to compare with it.")
  var newer = "LIVE"

  @Option(name: .customLong("db"), help: "The database.")
  var database = 0

  @Option(help: "Only keys that match this pattern.")
  var match: String?

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    var server = try server.connect()
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
    let kinds: [(sign: String, style: StyledText.Style, keys: [VersionDifference.Key])] = [
      ("+", .green, page.added), ("-", .red, page.removed), ("~", .yellow, page.changed),
    ]
    for (sign, style, keys) in kinds {
      for key in keys { print(StyledText("\(sign) \(HumanText.key(key))", style).rendered(colour: colour)) }
    }
  }
}
