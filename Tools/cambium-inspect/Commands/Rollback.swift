import ArgumentParser

struct Rollback: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes a version the live dataset; the state before it becomes a version.")

  @Argument(help: "The version.")
  var version: String

  @Flag(name: .shortAndLong, help: "Do not ask.")
  var yes = false

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    var server = try server.connect()
    let target = try server.version(version)
    if !yes {
      guard Terminal.canAsk else { throw InspectError.unconfirmed }
      let live = try server.version("LIVE")
      let question = Self.question(target, live: live, keepsLive: try server.keepsStateBeforeRollback())
      guard Terminal.confirms(question) else { throw ExitCode.failure }
    }
    // By its number: a time could name another version by now.
    let former = try server.rollback(to: target.isLive ? version : String(target.id))
    if output.json { return print(try JSONText.render(["kept-as": former])) }
    print(Self.report(target, former: former))
  }

  static func question(_ target: VersionRecord, live: VersionRecord, keepsLive: Bool) -> String {
    let fate = keepsLive ? "is kept as a version" : "IS GIVEN UP, since version-history is 0"
    return """
      Version \(target.label), created \(TimeText.utc(milliseconds: target.created)), with \
      \(keys(target)), becomes the live dataset.
      The state now, with \(keys(live)), \(fate).
      Go back?
      """
  }

  private static func keys(_ version: VersionRecord) -> String {
    version.keys == 1 ? "1 key" : "\(HumanText.count(version.keys)) keys"
  }

  static func report(_ target: VersionRecord, former: Int?) -> String {
    let fate = former.map { "is version \($0)" } ?? "was given up"
    return "Version \(target.label) is live. The state before it \(fate)."
  }
}
