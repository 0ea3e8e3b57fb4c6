/// What is to be done with the commands of a primary's stream, by their names.
public struct StreamCommands: Sendable, Equatable {
  enum Treatment {
    case execute
    /// It is for the link, or for clients of the primary, and changes no key.
    case leaveOut
    case beginTransaction, endTransaction
  }

  private let executed: Set<[UInt8]>

  /// - Parameter executed: names of the commands that this server can execute, in lower case.
  public init(executing executed: some Sequence<String>) {
    self.executed = Set(executed.map { Array($0.utf8) })
  }

  /// Nil for a command that this server does not have. The name is to be in lower case.
  subscript(_ name: ArraySlice<UInt8>) -> Treatment? {
    let name = Array(name)
    return Self.special[name] ?? (executed.contains(name) ? .execute : nil)
  }

  /// PUBLISH comes from every primary that a Sentinel watches. Scripts and functions live beside the keys; a primary
  /// sends what they did in plain commands.
  private static let special: [[UInt8]: Treatment] = [
    Array("multi".utf8): .beginTransaction, Array("exec".utf8): .endTransaction,
    Array("ping".utf8): .leaveOut, Array("replconf".utf8): .leaveOut,
    Array("publish".utf8): .leaveOut, Array("spublish".utf8): .leaveOut,
    Array("script".utf8): .leaveOut, Array("function".utf8): .leaveOut,
  ]
}
