internal import Engine
internal import VersionedStore

/// EVAL and its like. Behaviour and reply texts follow Redis 7.0.
struct EvalCommands {
  let scripting: ScriptingReference

  var all: [Command] {
    [
      command("eval", since: "2.6.0", "Runs a script.", isNamedByDigest: false, isReadOnly: false),
      command(
        "evalsha", since: "2.6.0", "Runs a script that was run or loaded before.", isNamedByDigest: true,
        isReadOnly: false),
      command(
        "eval_ro", since: "7.0.0", "Runs a script that writes nothing.", isNamedByDigest: false, isReadOnly: true),
      command(
        "evalsha_ro", since: "7.0.0", "Runs a script that was run or loaded before, and writes nothing.",
        isNamedByDigest: true, isReadOnly: true),
    ]
  }

  private func command(
    _ name: StaticString, since: StaticString, _ summary: StaticString, isNamedByDigest: Bool, isReadOnly: Bool
  ) -> Command {
    let access: KeySpecification.Access = isReadOnly ? [.readOnly, .access] : [.readWrite, .access, .update]
    let note: StaticString? =
      isNamedByDigest
      ? nil
      : isReadOnly
        ? "We cannot tell how the keys will be used so we assume the worst, RO and ACCESS"
        : "We cannot tell how the keys will be used so we assume the worst, RW and UPDATE"
    return Command(
      name, arity: .atLeast(3), flags: Self.flags(isReadOnly: isReadOnly), categories: [.scripting],
      keys: [KeySpecification(.index(2), .count(at: 0, first: 1, step: 1), access, notes: note)], group: .scripting,
      since: since, complexity: "Depends on the script.", summary,
      .control { [scripting] call, _ throws(CommandError) in
        try scripting.value.eval(&call, isNamedByDigest: isNamedByDigest, isReadOnly: isReadOnly)
      })
  }

  /// Of all commands that run scripts or functions.
  static func flags(isReadOnly: Bool) -> CommandFlags {
    let flags: CommandFlags = [.noScript, .stale, .skipMonitor, .noMandatoryKeys, .movableKeys]
    return flags.union(isReadOnly ? .readOnly : .mayReplicate)
  }
}

extension Scripting {
  fileprivate func eval(_ call: inout Call, isNamedByDigest: Bool, isReadOnly: Bool) throws(CommandError) {
    if isNamedByDigest, call[1].count != ScriptDigest.digitCount { throw call.refuse(Self.noScript) }
    let keyCount = try Self.keyCount(&call, call.integer(2))
    let script: Script
    if isNamedByDigest {
      guard let digest = ScriptDigest(digits: call[1]), let known = scripts[digest] else {
        throw call.refuse(Self.noScript)
      }
      script = known
    } else {
      script = try self.script(call[1], &call)
    }
    try run(
      Program(
        machine: machine, reference: script.reference, kind: .script, name: script.digits, flags: script.flags),
      keyCount: keyCount, isReadOnlyCommand: isReadOnly, &call)
  }

  /// The script with this text; answers with what is wrong with it if it cannot be had.
  func script(_ text: Bytes, _ call: inout Call) throws(CommandError) -> Script {
    do throws(Shebang.Failure) {
      return try script(text)
    } catch {
      throw call.refuse("ERR ", error.text)
    }
  }

  private static let noScript: StaticString = "NOSCRIPT No matching script. Please use EVAL."
}

extension Call {
  /// Answers with an error whose text was put together at run time. Line ends in it become spaces.
  mutating func refuse(_ code: StaticString, _ text: [UInt8]) -> CommandError {
    let line = text.map { $0 == 10 || $0 == 13 ? UInt8(ascii: " ") : $0 }
    return line.withBytes { refuse(code, quoting: $0) }
  }
}
