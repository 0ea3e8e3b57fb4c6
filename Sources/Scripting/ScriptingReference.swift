public import Engine
internal import VersionedStore

/// Where the commands of scripts find what they share: the table of commands is there before the engine, and the engine
/// before what runs in it.
///
/// Confined to the serving thread: Sendable only because handlers of commands are, which run there too.
public final class ScriptingReference: @unchecked Sendable {
  private var scripting: Scripting?

  /// Bytes that each interpreter may take.
  private let memoryLimit: Int

  /// A script that asks for more gets an error. On small machines it is half of what there is.
  public static let usualMemoryLimit = min(2 << 30, max(ProcessMemory.ofMachine() / 2, 64 << 20))

  public init(memoryLimit: Int = ScriptingReference.usualMemoryLimit) { self.memoryLimit = memoryLimit }

  var value: Scripting {
    guard let scripting else { preconditionFailure("scripts have no engine yet") }
    return scripting
  }

  /// To be called once, when the engine is made.
  public func attach(_ engine: Engine) {
    let scripting = Scripting(engine: engine, memoryLimit: memoryLimit)
    self.scripting = scripting
    engine.scripting = { [unowned self] in value.figures }
    engine.addLibraries = { [unowned self] in value.addFromFile($0, replacing: $1) }
    engine.declaredFlags = { [unowned self] in value.declaredFlags($0) }
  }

  public var commands: [Command] {
    EvalCommands(scripting: self).all + [ScriptCommand(scripting: self).command]
      + FcallCommands(scripting: self).all + [FunctionCommand(scripting: self).command]
  }
}
