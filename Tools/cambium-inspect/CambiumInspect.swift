import ArgumentParser

/// Shows the versions of a running server, and goes back to one.
@main
struct CambiumInspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cambium-inspect",
    abstract: "Shows the versions of a Cambium server, and goes back to one.",
    discussion: """
      A version is named by its id, its name, or a time (@2026-11-22T07:20:00Z or @<milliseconds since 1970>), which \
      means the latest version created at or before it. LIVE is the live dataset.
      """,
    subcommands: [List.self, Tree.self, Show.self, Diff.self, Rollback.self],
    defaultSubcommand: List.self)
}
