import Engine
import Glibc
import Values
import VersionedStore

/// The directives that need words of their own.
extension Directive {
  static let bind = Directive(
    list: "bind", \.server.bind,
    parse: { (words, _) throws(BadValue) in
      guard words.count <= 16 else { throw BadValue(reason: "Too many bind addresses specified.") }
      return words
    },
    shown: { $0.joined(separator: " ") },
    lines: { [$0.isEmpty ? "\"\"" : $0.joined(separator: " ")] })

  /// The working directory of the process: files named without a path lie there.
  static let dir = Directive(
    name: "dir", change: .protected, alwaysWritten: true, isFixedWhileLoading: true,
    get: { _ in Files.workingDirectory() },
    set: { (_, words) throws(BadValue) in
      guard unsafe chdir(words[0].map { CChar(bitPattern: $0) } + [0]) == 0 else {
        throw BadValue(reason: Files.errorText(errno))
      }
    },
    lines: { _ in [ConfigurationArguments.quoted(Files.workingDirectory())] })

  static func shutdownFlags(
    _ name: String, _ path: ReferenceWritableKeyPath<Configuration, [ShutdownFlag]> & Sendable
  ) -> Directive {
    let one = ConfigurationValue<ShutdownFlag>.choice
    return Directive(
      list: name, path,
      parse: { (words, _) throws(BadValue) in
        var flags: [ShutdownFlag] = []
        for word in words {
          let flag = try one.parse(Array(word.utf8))
          if flag != .default, !flags.contains(flag) { flags.append(flag) }
        }
        // No word at all is none of the choices either.
        if words.isEmpty { _ = try one.parse([]) }
        // In the order of the table, whatever that of the words.
        return flags.isEmpty ? [.default] : ShutdownFlag.allCases.filter(flags.contains)
      },
      shown: { $0.map(\.rawValue).joined(separator: " ") })
  }

  /// `save 900 1`, also several pairs in one line; in a file each line adds to the ones before it.
  ///
  /// Lines of a file take the place of the default points, all of them: so all are written, or those that are as by
  /// default would be lost.
  static let save = Directive(
    list: "save", \.engine.savePoints, alwaysWritten: true,
    parse: { (words, configuration) throws(BadValue) in
      let numbers = words.compactMap { Int($0) }
      guard numbers.count == words.count, numbers.count % 2 == 0 else {
        throw BadValue(reason: "Invalid save parameters")
      }
      let points = stride(from: 0, to: numbers.count, by: 2).map {
        SavePoint(seconds: numbers[$0], changes: numbers[$0 + 1])
      }
      guard points.allSatisfy({ $0.seconds >= 1 && $0.changes >= 0 }) else {
        throw BadValue(reason: "Invalid save parameters")
      }
      return configuration.isStarting && !points.isEmpty ? configuration.engine.savePoints + points : points
    },
    shown: { $0.map { "\($0.seconds) \($0.changes)" }.joined(separator: " ") },
    lines: { $0.isEmpty ? ["\"\""] : $0.map { "\($0.seconds) \($0.changes)" } })

  /// Groups of four words: class, hard limit, soft limit, seconds above the soft limit.
  static let clientOutputBufferLimit = Directive(
    list: "client-output-buffer-limit", \.engine.outputLimits,
    parse: { (words, configuration) throws(BadValue) in
      guard words.count % 4 == 0 else {
        throw BadValue(reason: "Wrong number of arguments in buffer limit configuration.")
      }
      var limits = configuration.engine.outputLimits
      for first in stride(from: 0, to: words.count, by: 4) {
        let limit = try outputLimit(words[(first + 1)...(first + 3)])
        switch words[first].lowercased() {
        case "normal": limits.normal = limit
        case "slave", "replica": limits.replica = limit
        case "pubsub": limits.pubsub = limit
        default: throw BadValue(reason: "Invalid client class specified in buffer limit configuration.")
        }
      }
      return limits
    },
    shown: { limits in
      [("normal", limits.normal), ("slave", limits.replica), ("pubsub", limits.pubsub)]
        .map { "\($0) \($1.hard) \($1.soft) \($1.softSeconds)" }.joined(separator: " ")
    },
    lines: { limits in
      [("normal", limits.normal), ("replica", limits.replica), ("pubsub", limits.pubsub)]
        .map { "\($0) \(MemorySize.format($1.hard)) \(MemorySize.format($1.soft)) \($1.softSeconds)" }
    })

  private static func outputLimit(_ words: ArraySlice<String>) throws(BadValue) -> OutputLimits.Limit {
    let first = words.startIndex
    guard let hard = MemorySize.parse(Array(words[first].utf8)),
      let soft = MemorySize.parse(Array(words[first + 1].utf8)),
      let seconds = Int(words[first + 2]), seconds >= 0
    else {
      throw BadValue(reason: "Error in hard, soft or soft_seconds setting in buffer limit configuration.")
    }
    return OutputLimits.Limit(hard: hard, soft: soft, softSeconds: seconds)
  }

  static let latencyPercentiles = Directive(
    list: "latency-tracking-info-percentiles", \.engine.latencyPercentiles,
    parse: { (words, _) throws(BadValue) in
      let numbers = words.compactMap { word in Array(word.utf8).withBytes { Double(text: $0) } }
      guard numbers.count == words.count else {
        throw BadValue(reason: "Invalid latency-tracking-info-percentiles parameters")
      }
      guard numbers.allSatisfy({ (0...100).contains($0) }) else {
        throw BadValue(reason: "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")
      }
      return numbers
    },
    shown: { $0.map(\.percentText).joined(separator: " ") },
    lines: { [$0.isEmpty ? "\"\"" : $0.map(\.percentText).joined(separator: " ")] })

  static let replicaOf = Directive(
    list: "replicaof", \.engine.replicaOf, aliases: ["slaveof"], change: .onlyAtStart,
    parse: { (words, _) throws(BadValue) in
      guard words.count == 2 else { throw BadValue(reason: "wrong number of arguments") }
      if words[0].lowercased() == "no", words[1].lowercased() == "one" { return nil }
      guard let port = Int(words[1]), (0...65535).contains(port) else {
        throw BadValue(reason: "Invalid master port")
      }
      return PrimaryAddress(host: words[0], port: port)
    },
    shown: { $0.map { "\($0.host) \($0.port)" } ?? "" },
    lines: { $0.map { ["\($0.host) \($0.port)"] } ?? [] })

  /// `relative` is another name for `yes`.
  static let oomScoreAdj: Directive = {
    let plain = ConfigurationValue<OOMScore.Mode>.choice
    let value = ConfigurationValue<OOMScore.Mode>(
      parse: { (text) throws(BadValue) in
        let mode = try plain.parse(text)
        return mode == .relative ? .yes : mode
      },
      shown: plain.shown, written: plain.written)
    return Directive("oom-score-adj", value, \.server.oomScoreAdj)
  }()

  static let oomScoreAdjValues = Directive(
    list: "oom-score-adj-values", \.server.oomScoreAdjValues,
    parse: { (words, _) throws(BadValue) in
      guard words.count == 3 else { throw BadValue(reason: "wrong number of arguments") }
      let values = words.compactMap { Int($0) }.filter { (-2000...2000).contains($0) }
      guard values.count == 3 else {
        throw BadValue(reason: "Invalid oom-score-adj-values, elements must be between -2000 and 2000.")
      }
      return values
    },
    shown: { $0.map(String.init).joined(separator: " ") })
}
