internal import CLua
internal import Engine
internal import RESP
internal import VersionedStore

extension Scripting {
  /// What is run, in which interpreter.
  struct Program {
    let machine: LuaMachine
    let reference: Int32
    let kind: ScriptRun.Kind
    let name: String
    let flags: ScriptFlags
  }

  /// Runs a script or function with the keys and arguments that stand from the fourth word of the call on, and answers.
  func run(_ program: Program, keyCount: Int, isReadOnlyCommand: Bool, _ call: inout Call) throws(CommandError) {
    if let refusal = engine.refusal(
      ofScript: program.flags, isReadOnlyCommand: isReadOnlyCommand, from: call.session)
    {
      throw call.refuse(refusal)
    }
    let output = call.reply.output
    let clientProtocol = CInt(call.reply.version.rawValue)
    let (argumentCount, machine) = (call.count - 3 - keyCount, program.machine)
    var hasFailed = false
    engine.runScript(
      program.kind, program.name, program.flags, isReadOnlyCommand: isReadOnlyCommand, call: call, in: session
    ) {
      unsafe call.withUnsafeArguments(from: 3) { words in
        unsafe program.name.withCString { name in
          let items = unsafe words.assumingMemoryBound(to: cambium_bytes.self)
          var run = unsafe cambium_lua_run(
            reference: program.reference, name: name, keys: items, key_count: keyCount, arguments: items + keyCount,
            argument_count: argumentCount, protocol: clientProtocol,
            reply: cambium_bytes(), is_counted: 0)
          unsafe machine.execute(&run)
          let reply = unsafe Bytes(run.reply)
          hasFailed = reply.first == UInt8(ascii: "-")
          unsafe engine.isErrorCounted = hasFailed && run.is_counted != 0
          output.append(reply)
        }
      }
      return !hasFailed
    }
    session.output.consume(session.output.count, keep: Self.outputKept)
    if hasFailed { throw .answered }
  }

  /// What the script or function that a command would run says of itself, as far as that is known before it runs.
  func declaredFlags(_ call: borrowing Call) -> ScriptFlags {
    switch call.command.value.fullName {
    case "evalsha", "evalsha_ro": return ScriptDigest(digits: call[1]).flatMap { scripts[$0]?.flags } ?? .undeclared
    case "eval", "eval_ro": return (try? Shebang(of: call[1]).flags) ?? .undeclared
    default:
      updateLibraries()
      return functions.index.find(call[1])?.flags ?? .undeclared
    }
  }

  /// The number of keys that the third word tells.
  static func keyCount(_ call: inout Call, _ number: Int64) throws(CommandError) -> Int {
    guard number <= Int64(call.count - 3) else {
      throw call.refuse("ERR Number of keys can't be greater than number of args")
    }
    guard number >= 0 else { throw call.refuse("ERR Number of keys can't be negative") }
    return Int(number)
  }
}
