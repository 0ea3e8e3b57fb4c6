/// What scripts and functions take, as INFO memory and MEMORY STATS tell it; filled in by the module that runs them.
public struct ScriptingFigures: Sendable {
  /// Bytes of the interpreter that runs scripts, and of the one that runs functions.
  public var scriptInterpreterBytes = 0
  public var functionInterpreterBytes = 0
  /// Scripts that EVALSHA finds, and bytes of all of them with what is kept beside them.
  public var scriptCount = 0
  public var scriptBytes = 0
  public var functionCount = 0
  public var libraryCount = 0
  public var functionBytes = 0

  public init() {}
}
