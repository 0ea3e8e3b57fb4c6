import RESP
import TestSupport

/// A command as it stands in a stream of effects.
struct ToldCommand: Equatable, CustomStringConvertible {
  let words: [[UInt8]]

  private init(words: [[UInt8]]) { self.words = words }

  /// The command without what only a primary may say: a limit for trimming that is exact.
  var asFromClient: ToldCommand {
    func lower(_ index: Int) -> String { String(decoding: words[index], as: UTF8.self).lowercased() }
    // A key or a field may have that name, too.
    guard name == "XADD" || name == "XTRIM",
      let index = words.indices.dropFirst(4).first(where: {
        lower($0) == "limit" && ["maxlen", "minid", "~", "="].contains(lower($0 - 2))
      })
    else { return self }
    return ToldCommand(words: Array(words[..<index] + words[(index + 2)...]))
  }

  init(_ reply: Reply) { words = reply.elements.map { $0.bytes ?? [] } }

  /// The commands of a stream.
  static func all(in bytes: [UInt8]) throws -> [ToldCommand] {
    var parser = ReplyParser()
    unsafe parser.append(bytes.span.bytes)
    var commands: [ToldCommand] = []
    while let reply = try parser.next() { commands.append(ToldCommand(reply)) }
    return commands
  }

  var description: String {
    words.map { word in
      let text = String(decoding: word, as: UTF8.self)
      return text.allSatisfy { $0.isASCII && $0 != " " && !$0.isNewline } ? text : text.debugDescription
    }.joined(separator: " ")
  }

  var name: String { words.first.map { String(decoding: $0, as: UTF8.self).uppercased() } ?? "" }

  /// Whether two servers tell the same: to the letter, but for times that each has read from its own clock.
  func says(same other: ToldCommand) -> Bool {
    words.count == other.words.count && zip(words, other.words).allSatisfy { $0 == $1 || Self.isSameTime($0, $1) }
  }

  /// Times of the present, alone or in an id of a stream.
  private static func isSameTime(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    func time(_ word: [UInt8]) -> (Int, Substring)? {
      let parts = String(decoding: word, as: UTF8.self).split(separator: "-", maxSplits: 1)
      guard let first = parts.first, let time = Int(first), time > 1_500_000_000_000 else { return nil }
      return (time, parts.count > 1 ? parts[1] : "")
    }
    guard let a = time(a), let b = time(b) else { return false }
    // A slow machine takes its time between the two.
    return abs(a.0 - b.0) < 60_000 && a.1 == b.1
  }
}
