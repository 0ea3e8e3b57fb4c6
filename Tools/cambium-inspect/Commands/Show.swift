import ArgumentParser

struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Shows everything about one version.")

  @Argument(help: "The version, or LIVE.")
  var version: String

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    var server = try server.connect()
    let version = try server.version(version)
    if output.json { return print(try JSONText.render(version)) }
    for line in VersionTable.details(version).lines(colour: Terminal.hasColour) { print(line) }
  }
}
