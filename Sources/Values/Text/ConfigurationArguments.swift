/// The quoting of redis.conf: words divided by blanks, "double quotes" with escapes, 'single quotes' with `\'` alone.
public enum ConfigurationArguments {
  /// The words of a line, or nil when a quote is not closed or is followed by more than a blank.
  public static func split(_ line: some Collection<UInt8>) -> [[UInt8]]? {
    var words: [[UInt8]] = []
    var rest = Array(line)[...]
    while true {
      rest = rest.drop(while: isBlank)
      if rest.isEmpty { return words }
      guard let word = takeWord(&rest) else { return nil }
      words.append(word)
    }
  }

  /// A word in double quotes that `split` reads back to the same bytes.
  public static func quoted(_ word: [UInt8]) -> [UInt8] {
    var text: [UInt8] = [UInt8(ascii: "\"")]
    for byte in word {
      switch byte {
      case UInt8(ascii: "\\"), UInt8(ascii: "\""): text += [UInt8(ascii: "\\"), byte]
      case UInt8(ascii: "\n"): text += Array(#"\n"#.utf8)
      case UInt8(ascii: "\r"): text += Array(#"\r"#.utf8)
      case UInt8(ascii: "\t"): text += Array(#"\t"#.utf8)
      case 0x07: text += Array(#"\a"#.utf8)
      case 0x08: text += Array(#"\b"#.utf8)
      case 0x20...0x7E: text.append(byte)
      default: text += [UInt8(ascii: "\\"), UInt8(ascii: "x"), hexDigit(byte >> 4), hexDigit(byte & 15)]
      }
    }
    text.append(UInt8(ascii: "\""))
    return text
  }

  /// Without the blanks at both ends.
  public static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var line = line.drop(while: endsWord)
    while let last = line.last, endsWord(last) { line.removeLast() }
    return line
  }

  /// Takes one word, which may go in and out of quotes until a blank ends it; nil when the quotes are not balanced.
  private static func takeWord(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    var word: [UInt8] = []
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\""):
        return takeDoubleQuoted(&rest, into: &word) ? word : nil
      case UInt8(ascii: "'"):
        return takeSingleQuoted(&rest, into: &word) ? word : nil
      case _ where endsWord(byte):
        return word
      default:
        word.append(byte)
      }
    }
    return word
  }

  private static func takeDoubleQuoted(_ rest: inout ArraySlice<UInt8>, into word: inout [UInt8]) -> Bool {
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\"") { return rest.first.map(isBlank) ?? true }
      guard byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() else {
        word.append(byte)
        continue
      }
      switch escaped {
      case UInt8(ascii: "n"): word.append(UInt8(ascii: "\n"))
      case UInt8(ascii: "r"): word.append(UInt8(ascii: "\r"))
      case UInt8(ascii: "t"): word.append(UInt8(ascii: "\t"))
      case UInt8(ascii: "a"): word.append(0x07)
      case UInt8(ascii: "b"): word.append(0x08)
      case UInt8(ascii: "x"):
        if let high = rest.first.flatMap(hexValue), let low = rest.dropFirst().first.flatMap(hexValue) {
          word.append(high << 4 | low)
          rest = rest.dropFirst(2)
        } else {
          word.append(escaped)
        }
      default: word.append(escaped)
      }
    }
    return false
  }

  private static func takeSingleQuoted(_ rest: inout ArraySlice<UInt8>, into word: inout [UInt8]) -> Bool {
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "'") { return rest.first.map(isBlank) ?? true }
      if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "'") {
        rest.removeFirst()
        word.append(UInt8(ascii: "'"))
      } else {
        word.append(byte)
      }
    }
    return false
  }

  /// What C's `isspace` says: blanks between words may also be vertical tabs and form feeds.
  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

  private static func endsWord(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  private static func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
