/// The families of commands that the engine itself has; modules above bring theirs when the server is put together.
public enum StandardCommands {
  public static let families = families(versionSubcommands: [], help: [])

  /// With subcommands of VERSION that such a module brings, and the lines that VERSION HELP has for them.
  public static func families(versionSubcommands: [Command], help lines: [StaticString]) -> [[Command]] {
    [
      ConnectionCommands.all,
      ClientCommands.all,
      ACLCommands.all,
      TransactionCommands.all,
      PubSubCommands.all,
      WaitCommand.all,
      ClusterCommands.all,
      ServerCommands.all,
      CommandCommand.all,
      DebugCommands.all,
      MemoryCommands.all,
      SlowLogCommands.all,
      LatencyCommands.all,
      StringCommands.all,
      BitmapCommands.all,
      HyperLogLogCommands.all,
      HashCommands.all,
      SetCommands.all,
      ListCommands.all,
      SortedSetCommands.all,
      StreamCommands.all,
      GeoCommands.all,
      SortCommands.all,
      GenericCommands.all,
      DatabaseCommands.all,
      [VersionCommands.version(with: versionSubcommands, help: lines)],
    ]
  }
}
