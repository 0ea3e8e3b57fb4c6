import ArgumentParser

struct List: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Lists all versions, oldest first.")

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    var server = try server.connect()
    let versions = try server.versions()
    if output.json { return print(try JSONText.render(versions)) }
    for line in VersionTable.list(versions).lines(colour: Terminal.hasColour) { print(line) }
  }
}
