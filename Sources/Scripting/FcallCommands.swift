internal import Engine
internal import RESP
internal import Values
internal import VersionedStore

/// FCALL and FCALL_RO. Behaviour and reply texts follow Redis 7.0.
struct FcallCommands {
  let scripting: ScriptingReference

  var all: [Command] {
    [
      command("fcall", "Runs a function of a library.", isReadOnly: false),
      command("fcall_ro", "Runs a function of a library that writes nothing.", isReadOnly: true),
    ]
  }

  private func command(_ name: StaticString, _ summary: StaticString, isReadOnly: Bool) -> Command {
    Command(
      name, arity: .atLeast(3), flags: EvalCommands.flags(isReadOnly: isReadOnly), categories: [.scripting],
      keys: [
        KeySpecification(
          .index(2), .count(at: 0, first: 1, step: 1),
          isReadOnly ? [.readOnly, .access] : [.readWrite, .access, .update],
          notes: isReadOnly
            ? "We cannot tell how the keys will be used so we assume the worst, RO and ACCESS"
            : "We cannot tell how the keys will be used so we assume the worst, RW and UPDATE")
      ], group: .scripting, since: "7.0.0", complexity: "Depends on the function.", summary,
      .control { [scripting] call, _ throws(CommandError) in
        try scripting.value.callFunction(&call, isReadOnly: isReadOnly)
      })
  }
}

extension Scripting {
  fileprivate func callFunction(_ call: inout Call, isReadOnly: Bool) throws(CommandError) {
    updateLibraries()
    guard let function = functions.index.find(call[1]) else { throw call.refuse("ERR Function not found") }
    guard let number = Int64(text: call[2]) else { throw call.refuse("ERR Bad number of keys provided") }
    let keyCount = try Self.keyCount(&call, number)
    try run(
      Program(
        machine: functionMachine, reference: function.reference, kind: .function, name: function.text,
        flags: function.flags),
      keyCount: keyCount, isReadOnlyCommand: isReadOnly, &call)
  }
}
