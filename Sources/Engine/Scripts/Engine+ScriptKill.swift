internal import VersionedStore

extension Engine {
  /// Ends the script or function that is running, at its next instructions. Answers with why it does not.
  public func killScript(_ kind: ScriptRun.Kind) -> StaticString? {
    guard let script else { return "NOTBUSY No scripts in execution right now." }
    if script.session.object.isPrimary {
      return
        "UNKILLABLE The busy script was sent by a master instance in the context of replication and cannot be killed."
    }
    if script.hasWritten {
      return
        "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."
    }
    guard script.kind == kind else { return Self.busyText(script.kind) }
    self.script?.isKilled = true
    return nil
  }

  /// What clients are told that ask for something beside a script that is overdue.
  public static func busyText(_ kind: ScriptRun.Kind) -> StaticString {
    switch kind {
    case .script: "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
    case .function: "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
    }
  }
}
