internal import CLua
internal import Engine
internal import RESP
internal import VersionedStore

/// The first line of a script, `#!lua flags=no-writes,allow-oom`: what it says of itself. Error texts follow Redis 7.0.
struct Shebang {
  var flags = ScriptFlags.undeclared
  /// Bytes before the line end.
  var byteCount = 0

  struct Failure: Error {
    let text: [UInt8]

    init(_ prefix: String, _ quoted: some Sequence<UInt8> = EmptyCollection()) {
      text = Array(prefix.utf8) + quoted.prefix { $0 != 0 }
    }
  }

  /// A script without one says nothing.
  init(of script: Bytes) throws(Failure) {
    guard script.starts(with: "#!".utf8) else { return }
    let line = try Self.line(of: script, or: "Invalid script shebang")
    guard let words = Self.words(in: line), let first = words.first else {
      throw Failure("Invalid engine in script shebang")
    }
    guard first == Array("#!lua".utf8) else { throw Failure("Unexpected engine in script shebang: ", first) }
    flags = []
    byteCount = line.count
    for word in words.dropFirst() {
      guard word.starts(with: "flags=".utf8) else { throw Failure("Unknown lua shebang option: ", word) }
      let list = word.dropFirst(6)
      guard !list.isEmpty else { continue }
      for name in list.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
        guard let flag = ScriptFlags(name: Array(name)) else {
          throw Failure("Unexpected flag in script shebang: ", name)
        }
        flags.insert(flag)
      }
    }
  }

  /// What stands before the first line end. As in C, a text ends at its first zero byte.
  static func line(of script: Bytes, or text: String) throws(Failure) -> Bytes {
    let visible = script[0..<(script.firstIndex(of: 0) ?? script.count)]
    guard let end = visible.firstIndex(of: UInt8(ascii: "\n")) else { throw Failure(text) }
    return visible[0..<end]
  }

  /// Splits a line into words, which may stand in quotation marks, as the words of an inline command; nil if a quotation
  /// does not end.
  static func words(in line: Bytes) -> [[UInt8]]? {
    var parser = RequestParser()
    let text = Array(line) + [UInt8(ascii: "\n")]
    var sink = Words(text: text)
    guard let result = try? unsafe parser.next(text.span.bytes, into: &sink) else { return nil }
    if case .incomplete = result { return nil }
    return sink.words
  }

  private struct Words: ArgumentSink {
    let text: [UInt8]
    var words: [[UInt8]] = []

    mutating func reset(count: Int) { words = [] }
    mutating func append(offset: Int, length: Int) { words.append(Array(text[offset..<offset + length])) }
    mutating func append(unescaped bytes: RawSpan) {
      unsafe bytes.withUnsafeBytes { unsafe words.append(Array($0)) }
    }
  }
}

extension ScriptFlags {
  /// In Redis's order.
  private static let allNames: [(ScriptFlags, StaticString)] = [
    (.noWrites, "no-writes"), (.allowOOM, "allow-oom"), (.allowStale, "allow-stale"), (.noCluster, "no-cluster"),
    (.allowCrossSlotKeys, "allow-cross-slot-keys"),
  ]

  /// As FUNCTION LIST shows them.
  var names: [StaticString] { Self.allNames.filter { contains($0.0) }.map(\.1) }

  /// The flag of this name.
  init?(name: [UInt8], ignoringCase: Bool = false) {
    let bit = name.withBytes { bytes in
      unsafe bytes.withUnsafeBytes { raw in
        unsafe cambium_lua_flag(
          raw.assumingMemoryBound(to: CChar.self).baseAddress, raw.count, ignoringCase ? 1 : 0)
      }
    }
    guard bit != 0 else { return nil }
    self.init(rawValue: bit)
  }
}
