import Engine
import Glibc

/// Users that the configuration makes: by lines of its own, or in the file that it names.
enum AccessFiles {
  /// Makes the users, and answers why the server cannot start with them, or nil.
  static func makeUsers(_ engine: Engine, _ configuration: Configuration) -> String? {
    let declarations = configuration.users.declarations
    if let path = configuration.server.aclfile {
      guard declarations.isEmpty else {
        return """
          Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. This \
          setup is very likely to lead to configuration errors and security holes, please define either an ACL file or \
          declare users directly in your redis.conf, but not both.
          """
      }
      let storage = storage(path)
      engine.accessStorage = storage
      guard let errors = engine.loadUsers(from: storage) else { return nil }
      return "Aborting Redis startup because of ACL errors: \(String(decoding: errors, as: UTF8.self))"
    }
    configuration.users.lines = { [unowned engine] in engine.users.lines }
    for (name, rules) in declarations {
      guard let refusal = engine.addConfiguredUser(name, rules) else { continue }
      engine.log(.warning, refusal)
      return "Critical error while loading ACLs. Exiting."
    }
    return nil
  }

  private static func storage(_ path: String) -> AccessStorage {
    AccessStorage(
      path: path,
      read: {
        do throws(Files.Failure) { return .content(try Files.read(path)) } catch { return .failed(error.text) }
      },
      write: { content in
        do throws(Files.Failure) {
          try Files.replace(path, with: content)
          return nil
        } catch {
          return error.text
        }
      })
  }
}
