/// The families of commands that the engine itself has; modules above bring theirs when the server is put together.
public enum StandardCommands {
  public static let families: [[Command]] = [
    ConnectionCommands.all,
    ClientCommands.all,
    ServerCommands.all,
    CommandCommand.all,
    DebugCommands.all,
    MemoryCommands.all,
    StringCommands.all,
    GenericCommands.all,
    DatabaseCommands.all,
    VersionCommands.all,
  ]
}
