internal import CLua
internal import Engine
internal import RESP
internal import VersionedStore

/// EVAL and its like, and libraries of functions: what they keep between two calls.
///
/// Scripts run in one interpreter, functions in another, so that a script cannot see what a library keeps. Both run on the
/// serving thread, within the command that calls them. Confined to it.
final class Scripting {
  /// A script that was compiled, and that EVALSHA finds from then on.
  struct Script {
    let reference: Int32
    let flags: ScriptFlags
    let digits: String
    let text: [UInt8]
  }

  unowned let engine: Engine
  /// Bytes that each interpreter may take.
  let memoryLimit: Int
  /// What the commands that scripts call are run in.
  let session: Session
  /// The arguments of such a command.
  let arguments = BytesList()
  private var scriptMachine: LuaMachine?
  private(set) var scripts: [ScriptDigest: Script] = [:]
  /// The script that EVAL ran last: its text is compared rather than digested again.
  private var last: Script?
  private var scriptTextBytes = 0
  var functions = FunctionLibraries()
  /// The library whose code is running.
  var loading: LoadingLibrary?

  init(engine: Engine, memoryLimit: Int) {
    self.engine = engine
    self.memoryLimit = memoryLimit
    session = engine.makeScriptSession()
    precondition(
      unsafe MemoryLayout<Bytes>.size == MemoryLayout<cambium_bytes>.size,
      "the arguments of commands are handed to C as they stand")
  }

  deinit { arguments.deallocate() }

  // MARK: Scripts

  /// The interpreter of scripts: made when it is first needed.
  var machine: LuaMachine {
    if let scriptMachine { return scriptMachine }
    let machine = unsafe LuaMachine(host, isForFunctions: false, memoryLimit: memoryLimit)
    scriptMachine = machine
    return machine
  }

  /// The script with this text: compiled now, if it was not before.
  func script(_ text: Bytes) throws(Shebang.Failure) -> Script {
    if let last, last.text.withBytes({ $0 == text }) { return last }
    let digest = ScriptDigest(of: text)
    let script: Script
    if let known = scripts[digest] { script = known } else { script = try add(text, digest) }
    last = script
    return script
  }

  private func add(_ text: Bytes, _ digest: ScriptDigest) throws(Shebang.Failure) -> Script {
    let shebang = try Shebang(of: text)
    let reference: Int32
    do throws(LuaMachine.Failure) {
      reference = try machine.compile(text[shebang.byteCount..<text.count])
    } catch {
      throw Shebang.Failure("Error compiling script (new function): ", error.text)
    }
    let script = Script(
      reference: reference, flags: shebang.flags, digits: String(decoding: digest.digits, as: UTF8.self),
      text: Array(text))
    scripts[digest] = script
    scriptTextBytes += text.count
    return script
  }

  /// Forgets all scripts, and the interpreter with them.
  func flushScripts() {
    scripts = [:]
    last = nil
    scriptTextBytes = 0
    scriptMachine = nil
  }

  var figures: ScriptingFigures {
    var figures = ScriptingFigures()
    updateLibraries()
    figures.scriptInterpreterBytes = machine.byteCount
    figures.scriptCount = scripts.count
    figures.scriptBytes =
      scriptTextBytes + scripts.capacity * (MemoryLayout<ScriptDigest>.stride + MemoryLayout<Script>.stride)
    figures.functionInterpreterBytes = functionMachineBytes
    figures.functionCount = functions.functionCount
    figures.libraryCount = functions.libraries.count
    figures.functionBytes = functions.byteCount
    return figures
  }
}
