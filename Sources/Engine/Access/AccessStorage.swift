/// Where the file of users lies, and how it is read and written; set by what runs the engine, if there is one.
public struct AccessStorage {
  public let path: String
  let read: () -> ReadOutcome
  /// Puts a new content in the place of the old one, all of it or nothing. Answers why that failed, or nil.
  let write: ([UInt8]) -> String?

  public enum ReadOutcome {
    case content([UInt8])
    /// In the system's words.
    case failed(String)
  }

  public init(
    path: String, read: @escaping () -> ReadOutcome, write: @escaping ([UInt8]) -> String?
  ) {
    self.path = path
    self.read = read
    self.write = write
  }
}

extension Engine {
  /// Takes the users of the file in the place of all. Answers what is wrong with it, and then nothing is changed. Connections
  /// of users other than the default one end, as with Redis: whoever they are now, they did not log in as that.
  public func loadUsers(from storage: AccessStorage, by current: Session? = nil) -> [UInt8]? {
    let content: [UInt8]
    switch storage.read() {
    case .content(let bytes): content = bytes
    case .failed(let reason):
      return Array("Error loading ACLs, opening file '\(storage.path)': \(reason)".utf8)
    }
    let file = AccessFile(content, path: storage.path, users)
    if let refusal = file.refusal { return refusal }
    let gone = users.replaceAll(with: file.rules)
    usersChanged()
    logOut(gone, by: current)
    return nil
  }

  /// Makes a user of the words of a `user` directive. Answers what is wrong with them, or nil.
  public func addConfiguredUser(_ name: [UInt8], _ rules: [[UInt8]]) -> String? {
    if AccessRule.hasBlanks(name) { return "Spaces not allowed in ACL usernames" }
    let isDefault = name == Users.defaultName
    do throws(AccessFailure) {
      let made = try users.rules(of: nil, after: (isDefault ? [Array("reset".utf8)] : []) + rules)
      setUser(name, made, by: nil)
      if !made.isOn {
        log(
          .notice,
          "The user '\(String(decoding: name, as: UTF8.self))' is disabled (there is no 'on' modifier in the user description). Make sure this is not a configuration error."
        )
      }
      return nil
    } catch {
      switch error {
      case .openSelector: return String(decoding: error.text, as: UTF8.self)
      case .refused(let refused):
        let rule = String(decoding: refused.rule, as: UTF8.self)
        let name = String(decoding: name, as: UTF8.self)
        return "Error loading ACL rule '\(rule)' for the user named '\(name)': \(refused.reason.text)"
      }
    }
  }
}
