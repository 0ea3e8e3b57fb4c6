import Engine
import Values
import VersionedStore

/// The configuration of a server: the values, and the directives by which the world reads and changes them.
///
/// Made and filled on the starting thread, then confined to the serving loop.
final class Configuration {
  let engine = Settings()
  let server = ServerSettings()
  /// Values of directives that nothing reads yet, as CONFIG GET shows them; absent at their default.
  var dormant: [String: [UInt8]] = [:]
  /// What `user` lines of the file say, until the server starts and makes these users.
  var users = ConfiguredUsers()

  /// Absolute path of the file that CONFIG REWRITE writes; nil when the server was started without one.
  var file: String?
  /// True until the file and the command line are read: repeated `save` lines add up, and nothing is refused as immutable.
  private(set) var isStarting = true
  private var sawSaveLine = false
  /// What CONFIG SET does beyond storing the value of one directive or of several.
  private final class Effect {
    let run: () throws(BadValue) -> Void

    init(_ run: @escaping () throws(BadValue) -> Void) { self.run = run }
  }

  private var effects: [String: Effect] = [:]
  /// Told of changes that were taken back.
  var warn: (String) -> Void = { _ in }

  func finishStarting() { isStarting = false }

  /// Has `effect` run after CONFIG SET changed `name`; when it throws, the whole CONFIG SET is taken back (and the effect
  /// runs again, on the old values).
  func onChange(of name: String, _ effect: @escaping () throws(BadValue) -> Void) {
    onChange(ofAny: [name], effect)
  }

  /// Has `effect` run, once, after CONFIG SET changed any of `names`.
  func onChange(ofAny names: [String], _ effect: @escaping () throws(BadValue) -> Void) {
    let effect = Effect(effect)
    for name in names { effects[name] = effect }
  }

  /// Sets a directive from a line of a file or the command line.
  func setAtStart(_ directive: Directive, _ words: [[UInt8]]) throws(BadValue) {
    if directive.name == "save", !sawSaveLine {
      sawSaveLine = true
      engine.savePoints = []
    }
    try directive.set(self, words)
  }

  /// CONFIG GET: the directives that match any of the patterns, each once, with their values. A name without wildcards
  /// answers under the spelling that was asked for.
  func get(_ patterns: [Bytes]) -> [(name: [UInt8], value: [UInt8])] {
    var found: [(name: [UInt8], value: [UInt8])] = []
    var taken: Set<[UInt8]> = []
    for pattern in patterns {
      if Glob.isPattern(pattern) {
        for (name, directive) in Directive.byName
        where !directive.isHidden && Glob.isMatch(pattern, name) && taken.insert(Array(name.utf8)).inserted {
          found.append((Array(name.utf8), directive.get(self)))
        }
      } else if let directive = Directive.named(pattern), taken.insert(Array(pattern)).inserted {
        found.append((Array(pattern), directive.get(self)))
      }
    }
    return found
  }

  /// CONFIG SET: all of the pairs, or none. `isLocal` says whether the client is on this host.
  func set(_ pairs: [(name: Bytes, value: Bytes)], isLocal: Bool) throws(ConfigurationError) {
    var changes: [(directive: Directive, name: String, words: [[UInt8]])] = []
    for pair in pairs {
      let asked = String(decoding: pair.name, as: UTF8.self)
      guard let directive = Directive.named(pair.name) else { throw .unknownDirective(asked) }
      if directive.change == .onlyAtStart { throw .refused(asked, "can't set immutable config") }
      if directive.change == .protected, !allows(engine.enableProtectedConfigs, isLocal) {
        throw .refused(asked, "can't set protected config")
      }
      let name = asked.lowercased()
      if changes.contains(where: { $0.name == name }) { throw .refused(asked, "duplicate parameter") }
      changes.append((directive, name, directive.words(of: pair.value)))
    }

    let former = changes.map { $0.directive.get(self) }
    var changed = 0
    do throws(ConfigurationError) {
      for change in changes {
        changed += 1
        do throws(BadValue) { try change.directive.set(self, change.words) } catch {
          throw .refused(change.name, error.reason)
        }
      }
      var done: [Effect] = []
      for (change, old) in zip(changes, former)
      where change.directive.namesFile || change.directive.get(self) != old {
        guard let effect = effects[change.directive.name], !done.contains(where: { $0 === effect }) else { continue }
        done.append(effect)
        do throws(BadValue) { try effect.run() } catch {
          warn(
            "Failed applying new configuration. Possibly related to new \(change.directive.name) setting. "
              + "Restoring previous settings.")
          throw .refused(change.name, error.reason)
        }
      }
    } catch {
      restore(Array(zip(changes.map(\.directive), former).prefix(changed)))
      throw error
    }
  }

  /// Puts shown values back. They were good a moment ago, so only the world outside (a port taken meanwhile, a directory
  /// removed) can refuse them; then the new value of that one directive stays.
  private func restore(_ former: [(Directive, [UInt8])]) {
    var owed: [Effect] = []
    for (directive, value) in former where directive.get(self) != value {
      try? directive.set(self, directive.words(of: value))
      if let effect = effects[directive.name], !owed.contains(where: { $0 === effect }) { owed.append(effect) }
    }
    for effect in owed { try? effect.run() }
  }

  private func allows(_ action: ProtectedAction, _ isLocal: Bool) -> Bool {
    action == .yes || action == .local && isLocal
  }
}

/// Why CONFIG SET or CONFIG REWRITE did nothing.
enum ConfigurationError: Error, Equatable {
  case unknownDirective(String)
  case refused(String, String)
  case noFile
  case rewriteFailed(String)

  /// The error reply, without the leading minus sign.
  var reply: String {
    switch self {
    case .unknownDirective(let name): "ERR Unknown option or number of arguments for CONFIG SET - '\(name)'"
    case .refused(let name, let reason):
      "ERR CONFIG SET failed (possibly related to argument '\(name)') - \(reason)"
    case .noFile: "ERR The server is running without a config file"
    case .rewriteFailed(let reason): "ERR Rewriting config file: \(reason)"
    }
  }
}

extension Directive {
  /// Names and aliases in the order of the table.
  static let byName: [(name: String, directive: Directive)] = all.flatMap { directive in
    ([directive.name] + directive.aliases).map { ($0, directive) }
  }

  private static let index = Dictionary(uniqueKeysWithValues: byName.map { ($0.name, $0.directive) })

  /// What CONFIG SET makes of a value, in which a quote is a letter like any other.
  fileprivate func words(of value: some Swift.Collection<UInt8>) -> [[UInt8]] {
    takesList
      ? value.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map { Array($0) } : [Array(value)]
  }

  static func isFixedWhileLoading(_ name: Bytes) -> Bool { named(name)?.isFixedWhileLoading ?? false }

  /// The directive of that name or alias, in any case.
  static func named(_ name: some Sequence<UInt8>) -> Directive? {
    index[String(decoding: Array(name), as: UTF8.self).lowercased()]
  }
}

extension Glob {
  fileprivate static func isMatch(_ pattern: Bytes, _ name: String) -> Bool {
    Array(name.utf8).withBytes { matches(pattern, $0, ignoringCase: true) }
  }
}
