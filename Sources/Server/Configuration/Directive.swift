/// One directive of redis.conf: the file, CONFIG GET, CONFIG SET and CONFIG REWRITE all read the same declaration.
struct Directive: Sendable {
  /// When a directive may be changed.
  enum Change {
    case always
    /// From the file and the command line only.
    case onlyAtStart
    /// At run time only as far as `enable-protected-configs` lets.
    case protected
  }

  let name: String
  /// Older names that mean the same.
  var aliases: [String] = []
  var change = Change.always
  /// Takes a list of words; otherwise exactly one.
  var takesList = false
  /// Is for tests of servers: CONFIG GET shows it to those who know its name.
  var isHidden = false
  /// Is written by CONFIG REWRITE even at its default.
  var alwaysWritten = false
  /// Stays as it is while the dataset is read from the disk.
  var isFixedWhileLoading = false
  /// Is the name of a file: what CONFIG SET does happens even when the name stays, as the file may have changed.
  var namesFile = false
  /// The value as CONFIG GET shows it; `set` takes it back.
  let get: @Sendable (Configuration) -> [UInt8]
  let set: @Sendable (Configuration, [[UInt8]]) throws(BadValue) -> Void
  /// What follows the name in each of its lines in a file; no line when only absence says the value.
  let lines: @Sendable (Configuration) -> [[UInt8]]
}

extension Directive {
  /// A directive of one value that lies at `path`.
  init<Value>(
    _ name: String, _ value: ConfigurationValue<Value>,
    _ path: ReferenceWritableKeyPath<Configuration, Value> & Sendable,
    aliases: [String] = [], change: Change = .always, isHidden: Bool = false
  ) {
    self.init(
      name: name, aliases: aliases, change: change, isHidden: isHidden,
      get: { value.shown($0[keyPath: path]) },
      set: { (configuration, words) throws(BadValue) in configuration[keyPath: path] = try value.parse(words[0]) },
      lines: { value.written($0[keyPath: path]).map { [$0] } ?? [] })
  }

  /// A directive of a list of words. `parse` gets no word for the single empty word `""`.
  init<Value>(
    list name: String, _ path: ReferenceWritableKeyPath<Configuration, Value> & Sendable,
    aliases: [String] = [], change: Change = .always, alwaysWritten: Bool = false,
    parse: @escaping @Sendable ([String], Configuration) throws(BadValue) -> Value,
    shown: @escaping @Sendable (Value) -> String,
    lines: (@Sendable (Value) -> [String])? = nil
  ) {
    self.init(
      name: name, aliases: aliases, change: change, takesList: true, alwaysWritten: alwaysWritten,
      get: { Array(shown($0[keyPath: path]).utf8) },
      set: { (configuration, words) throws(BadValue) in
        let words = words == [[]] ? [] : words.map { String(decoding: $0, as: UTF8.self) }
        configuration[keyPath: path] = try parse(words, configuration)
      },
      lines: { configuration in
        let value = configuration[keyPath: path]
        return (lines?(value) ?? [shown(value)]).map { Array($0.utf8) }
      })
  }

  /// A directive that tunes a feature which is not in this build. It is checked, kept, shown and rewritten, so that
  /// files and tools written for Redis work, and promises nothing: without the feature any value is as good.
  static func dormant<Value>(
    _ name: String, _ value: ConfigurationValue<Value>, _ preset: String, aliases: [String] = [],
    change: Change = .always, isHidden: Bool = false
  ) -> Directive {
    Directive(
      name: name, aliases: aliases, change: change, isHidden: isHidden,
      get: { $0.dormant[name] ?? Array(preset.utf8) },
      set: { (configuration, words) throws(BadValue) in
        configuration.dormant[name] = value.shown(try value.parse(words[0]))
      },
      lines: { configuration in
        let text = configuration.dormant[name] ?? Array(preset.utf8)
        guard let current = try? value.parse(text), let line = value.written(current) else { return [] }
        return [line]
      })
  }

  /// A directive that would turn on a feature which is not in this build: only the values that leave it off are taken.
  static func off(_ name: String, _ only: String, aliases: [String] = [], change: Change = .always) -> Directive {
    Directive(
      name: name, aliases: aliases, change: change,
      get: { _ in Array(only.utf8) },
      set: { (_, words) throws(BadValue) in
        let wanted = String(decoding: words[0], as: UTF8.self)
        guard wanted.lowercased() == only else {
          let allowed = only.isEmpty ? "\"\"" : only
          throw BadValue(reason: "'\(name) \(wanted)' is not supported by this build, only '\(name) \(allowed)' is")
        }
      },
      lines: { _ in only.isEmpty ? [Array("\"\"".utf8)] : [Array(only.utf8)] })
  }
}
