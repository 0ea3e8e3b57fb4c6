public import Engine

/// What is to be done with the commands of a primary's stream, by their names.
public struct StreamCommands: Sendable, Equatable {
  enum Treatment {
    case execute
    /// It is for the link, and changes nothing.
    case leaveOut
    /// The brackets of a transaction are executed, too.
    case beginTransaction, endTransaction
  }

  private let executed: Set<[UInt8]>

  /// - Parameter executed: names of the commands that this server can execute, in lower case.
  public init(executing executed: some Sequence<String>) {
    self.executed = Set(executed.map { Array($0.utf8) })
  }

  /// Those that a server can execute when its primary says so, whatever its own clients may call them.
  public init(_ table: CommandTable) {
    executed = Set(table.namesInStreams.filter { Self.isExpected($0.command) }.map(\.name))
  }

  /// Nil for a command that this server does not have. The name is to be in lower case.
  subscript(_ name: ArraySlice<UInt8>) -> Treatment? {
    let name = Array(name)
    return Self.special[name] ?? (executed.contains(name) ? .execute : nil)
  }

  /// What a primary may have written in its stream, by the flags of commands: it is no place for those that act on the
  /// server. Messages (PUBLISH), scripts and libraries of functions come in it, too.
  static func isExpected(_ command: Command) -> Bool {
    if !command.flags.isDisjoint(with: [.write, .readOnly, .mayReplicate]) { return true }
    // What acts there is a subcommand, as of XGROUP.
    if command.subcommands.contains(where: { $0.flags.contains(.write) }) { return true }
    return ["select", "script", "function", "publish", "spublish"].contains("\(command.name)")
  }

  private static let special: [[UInt8]: Treatment] = [
    Array("multi".utf8): .beginTransaction, Array("exec".utf8): .endTransaction,
    Array("ping".utf8): .leaveOut, Array("replconf".utf8): .leaveOut,
  ]
}
