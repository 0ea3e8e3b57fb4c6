/// The list of the files that the append-only log consists of, as `<appendfilename>.manifest` holds it.
///
/// The log is a *base*, a snapshot of the dataset or commands that make one, and *increments*, the commands since then. A
/// rewrite makes a new base and leaves the former files behind as *history*, to be removed. One line a file:
///
///     file appendonly.aof.2.base.rdb seq 2 type b
///     file appendonly.aof.1.incr.aof seq 1 type h
///     file appendonly.aof.2.incr.aof seq 2 type i
///
/// The format, the order of the lines and the rules of names are those of Redis 7.
public struct JournalManifest: Equatable, Sendable {
  public struct File: Equatable, Sendable {
    /// In the log's directory.
    public var name: String
    public var sequence: Int64

    public init(name: String, sequence: Int64) {
      self.name = name
      self.sequence = sequence
    }
  }

  public var base: File?
  /// Files that nothing is read from any more.
  public var history: [File] = []
  /// In the order in which they were written.
  public var increments: [File] = []
  /// The highest numbers that files have had.
  public var baseSequence: Int64 = 0
  public var incrementSequence: Int64 = 0

  public init() {}

  /// Those that the dataset is read from, in order.
  public var live: [File] { (base.map { [$0] } ?? []) + increments }

  /// The name of the manifest itself.
  public static func name(for log: String) -> String { log + ".manifest" }
}

// MARK: Writing

extension JournalManifest {
  /// The file's content.
  public var text: String {
    var text = ""
    if let base { text += Self.line(base, "b") }
    for file in history { text += Self.line(file, "h") }
    for file in increments { text += Self.line(file, "i") }
    return text
  }

  private static func line(_ file: File, _ type: String) -> String {
    "file \(quoted(file.name)) seq \(file.sequence) type \(type)\n"
  }

  /// A name as it is, or in quotes where it would not be read as one word.
  private static func quoted(_ name: String) -> String {
    if name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
      return name
    }
    var text = "\""
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += "\\" + String(UnicodeScalar(byte))
      case 0x0a: text += "\\n"
      case 0x0d: text += "\\r"
      case 0x09: text += "\\t"
      case 0x07: text += "\\a"
      case 0x08: text += "\\b"
      case 0x20..<0x7f: text.unicodeScalars.append(UnicodeScalar(byte))
      default: text += "\\x" + String(UInt16(byte) + 0x100, radix: 16).dropFirst()
      }
    }
    return text + "\""
  }
}
