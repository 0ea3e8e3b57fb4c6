import Glibc
import Values

/// Reading redis.conf: lines of directives, comments, and `include` with wildcards.
enum ConfigurationFile {
  /// Why the server does not start with this configuration.
  enum Failure: Error, Equatable {
    /// A line that is wrong: its number (from 1, in the file that holds it), its text, and why.
    case line(Int, String, String)
    /// Every line is right, and yet it will not do.
    case whole(String)
    case cannotOpen(String, String)

    /// What standard error gets to read, as redis-server says it.
    var report: String {
      switch self {
      case .line(let number, let text, let reason):
        "\n*** FATAL CONFIG FILE ERROR (Redis \(Release.redisVersion)) ***\n"
          + "Reading the configuration file, at line \(number)\n>>> '\(text)'\n\(reason)\n"
      case .whole(let reason):
        "\n*** FATAL CONFIG FILE ERROR (Redis \(Release.redisVersion)) ***\n\(reason)\n"
      case .cannotOpen(let path, let reason):
        "Fatal error, can't open config file '\(path)': \(reason)\n"
      }
    }
  }

  /// Directives that Redis once had, with one argument, and takes without a word.
  private static let forgotten: Set = ["list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"]
  /// An `include` that includes itself ends here.
  private static let maximumDepth = 16

  /// Sets what the file at `path` (wildcards allowed), then `more`, say. Later lines win.
  static func load(_ path: String?, then more: [UInt8] = [], into configuration: Configuration, depth: Int = 0)
    throws(Failure)
  {
    var text: [UInt8] = []
    for file in try files(path) {
      do throws(Files.Failure) { text += try Files.read(file) } catch { throw .cannotOpen(file, error.text) }
    }
    if !more.isEmpty { text += [UInt8(ascii: "\n")] + more }
    try load(text: text, into: configuration, depth: depth)
    if depth == 0 { try checkLogFile(configuration.server.logfile) }
  }

  private static func load(text: [UInt8], into configuration: Configuration, depth: Int) throws(Failure) {
    for (index, line) in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
      let line = ConfigurationArguments.trimmed(line)
      if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
      let include: String?
      do throws(BadValue) {
        include = try apply(line, number: index + 1, to: configuration)
        if include != nil, depth == maximumDepth { throw BadValue(reason: "Too many nested includes") }
      } catch {
        throw .line(index + 1, String(decoding: line, as: UTF8.self), error.reason)
      }
      if let include { try load(include, into: configuration, depth: depth + 1) }
    }
  }

  /// Obeys one line; answers the path when it is an `include`.
  private static func apply(
    _ line: ArraySlice<UInt8>, number: Int, to configuration: Configuration
  ) throws(BadValue) -> String? {
    guard let words = ConfigurationArguments.split(line) else {
      throw BadValue(reason: "Unbalanced quotes in configuration line")
    }
    guard let first = words.first else { return nil }
    let name = String(decoding: first, as: UTF8.self).lowercased()
    guard let directive = Directive.named(first) else {
      if forgotten.contains(name), words.count == 2 { return nil }
      if name == "rename-command", words.count == 3 {
        configuration.server.renamedCommands.append(
          RenamedCommand(old: words[1], new: words[2], line: number, text: String(decoding: line, as: UTF8.self)))
        return nil
      }
      if name == "include", words.count == 2 { return String(decoding: words[1], as: UTF8.self) }
      if name == "user", words.count >= 2 {
        try configuration.users.add(Array(words.dropFirst()))
        return nil
      }
      throw BadValue(reason: "Bad directive or wrong number of arguments")
    }
    var values = Array(words.dropFirst())
    if directive.takesList {
      // One quoted word that holds them all, as a command line passes it.
      if values.count == 1, !values[0].isEmpty {
        guard let inner = ConfigurationArguments.split(values[0]) else {
          throw BadValue(reason: "Unbalanced quotes in configuration line")
        }
        values = inner
      }
    } else if values.count != 1 {
      throw BadValue(reason: "wrong number of arguments")
    }
    try configuration.setAtStart(directive, values)
    return nil
  }

  /// The files that a path names: itself, or, if it has wildcards, what they find, which may be nothing.
  private static func files(_ path: String?) throws(Failure) -> [String] {
    guard let path else { return [] }
    guard path.contains(where: { "*?[".contains($0) }) else { return [path] }
    var found = unsafe glob_t()
    guard unsafe glob(path, 0, nil, &found) == 0 else { return [] }
    defer { unsafe globfree(&found) }
    return (0..<Int(unsafe found.gl_pathc)).compactMap { index in
      unsafe found.gl_pathv[index].map { unsafe String(cString: $0) }
    }
  }

  /// A log that cannot be written would only be noticed by what it does not say.
  private static func checkLogFile(_ path: String) throws(Failure) {
    guard !path.isEmpty else { return }
    let file = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw .whole("Can't open the log file: \(Files.errorText(errno))") }
    close(file)
  }
}
