import ArgumentParser

struct Tree: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draws the versions and the live dataset as a tree, oldest first.",
    discussion: """
      UNIQUE is what dropping that version alone would give back. These do not add up: two versions may share what no \
      third one has.
      """)

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    var server = try server.connect()
    let tree = VersionTree(try server.versions(), live: try server.version("LIVE"))
    // The parents are in the records: the order is the tree's.
    if output.json { return print(try JSONText.render(tree.lines.map(\.version))) }
    for line in VersionTable.tree(tree).lines(colour: Terminal.hasColour) { print(line) }
  }
}
