internal import RESP
public import VersionedStore

extension JournalManifest {
  /// Why a manifest cannot be read. The texts are Redis's.
  public struct Fault: Error, Equatable, Sendable {
    public enum Reason: String, Sendable {
      case empty = "Found an empty AOF manifest"
      case lineTooLong = "The AOF manifest file contains too long line"
      case format = "Invalid AOF manifest file format"
      case nameIsPath = "File can't be a path, just a filename"
      case duplicateBase = "Found duplicate base file information"
      case sequence = "Found a non-monotonic sequence number"
      case type = "Unknown AOF file type"
    }

    public var reason: Reason
    /// From 1; nil where the fault is not one line's.
    public var lineNumber: Int?
    public var line: String?

    public init(reason: Reason, lineNumber: Int? = nil, line: String? = nil) {
      self.reason = reason
      self.lineNumber = lineNumber
      self.line = line
    }

    /// Lines for the log.
    public var report: [String] {
      var lines = ["\n*** FATAL AOF MANIFEST FILE ERROR ***\n"]
      if let lineNumber, let line {
        lines += ["Reading the manifest file, at line \(lineNumber)\n", ">>> '\(line)'\n"]
      }
      return lines + ["\(reason.rawValue)\n"]
    }
  }

  /// The longest line, with its end. A longer one, and one that does not end, is refused.
  private static let lineLimit = 1024
  /// The highest number of a file; there are more than enough behind it for those that follow.
  static let sequenceLimit: Int64 = 1 << 62

  /// Reads a manifest. Names and values that it does not know, in pairs, are passed over.
  public init(parsing content: Bytes) throws(Fault) {
    self.init()
    var position = 0
    var number = 0
    if content.isEmpty { throw Fault(reason: .empty) }
    while position < content.count {
      number += 1
      let rest = content[position..<content.count]
      let isComment = rest[0] == UInt8(ascii: "#")
      let end = rest.firstIndex(of: 0x0a)
      if isComment {
        position += end.map { $0 + 1 } ?? rest.count
        continue
      }
      guard let end, end < Self.lineLimit, !rest[0..<end].contains(0) else { throw Fault(reason: .lineTooLong) }
      let line = rest[0..<end]
      do throws(LineFault) { try add(line) } catch {
        throw Fault(
          reason: error.reason, lineNumber: number, line: String(decoding: line.trimmed, as: UTF8.self))
      }
      position += end + 1
    }
  }

  private struct LineFault: Error {
    let reason: Fault.Reason
    init(_ reason: Fault.Reason) { self.reason = reason }
  }

  private mutating func add(_ line: Bytes) throws(LineFault) {
    let words = try Self.words(of: line)
    guard words.count >= 6, words.count.isMultiple(of: 2) else { throw LineFault(.format) }
    var name: [UInt8]?
    var sequence: Int64 = 0
    var type: UInt8?
    for index in stride(from: 0, to: words.count, by: 2) {
      let value = words[index + 1]
      let key = String(decoding: words[index], as: UTF8.self).lowercased()
      if key == "file" {
        name = value
        if value.contains(UInt8(ascii: "/")) || value.contains(UInt8(ascii: "\\")) { throw LineFault(.nameIsPath) }
      } else if key == "seq" {
        sequence = Self.number(value)
      } else if key == "type" {
        type = value.first
      }
    }
    guard let name, sequence != 0, sequence.magnitude <= Self.sequenceLimit.magnitude, let type else {
      throw LineFault(.format)
    }
    let file = File(name: String(decoding: name, as: UTF8.self), sequence: sequence)
    switch type {
    case UInt8(ascii: "b"):
      guard base == nil else { throw LineFault(.duplicateBase) }
      base = file
      baseSequence = sequence
    case UInt8(ascii: "h"):
      history.append(file)
    case UInt8(ascii: "i"):
      guard sequence > (increments.last?.sequence ?? 0) else { throw LineFault(.sequence) }
      increments.append(file)
      incrementSequence = sequence
    default: throw LineFault(.type)
    }
  }

  /// The words of a line, quoted ones as in an inline command.
  private static func words(of line: Bytes) throws(LineFault) -> [[UInt8]] {
    // The blank keeps the first word from being taken for the beginning of something else.
    let text = [0x20] + Array(line) + [0x0a]
    var sink = Words(text: text)
    var parser = RequestParser()
    do throws(ProtocolError) { _ = try unsafe parser.next(text.span.bytes, into: &sink) } catch {
      throw LineFault(.format)
    }
    return sink.words
  }

  private struct Words: ArgumentSink {
    let text: [UInt8]
    var words: [[UInt8]] = []

    init(text: [UInt8]) { self.text = text }

    mutating func reset(count: Int) { words = [] }
    mutating func append(offset: Int, length: Int) { words.append(Array(text[offset..<offset + length])) }
    mutating func append(unescaped bytes: RawSpan) {
      unsafe words.append(bytes.withUnsafeBytes { unsafe Array($0) })
    }
  }

  /// The number that a text begins with; 0 for none.
  private static func number(_ text: [UInt8]) -> Int64 {
    let isNegative = text.first == UInt8(ascii: "-")
    var value: Int64 = 0
    for byte in text.dropFirst(isNegative || text.first == UInt8(ascii: "+") ? 1 : 0) {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { break }
      let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow) = product.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
      guard !tooLarge, !overflow else { return isNegative ? .min : .max }
      value = sum
    }
    return isNegative ? -value : value
  }
}

extension Bytes {
  /// Without blanks and line ends around it.
  fileprivate var trimmed: Bytes {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a }
    guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else {
      return self[0..<0]
    }
    return self[first..<last + 1]
  }
}
