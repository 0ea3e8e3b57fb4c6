/// Numbers and bytes in the form that people read.
enum HumanText {
  /// `0 B`, `999 B`, `1.0 KiB`, `84.3 MiB`.
  static func byteCount(_ count: Int) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var size = Double(count.magnitude)
    var unit = 0
    // What would be shown as 1024.0 belongs to the next unit.
    while (size * 10).rounded() >= 10_240, unit + 1 < units.count {
      size /= 1024
      unit += 1
    }
    let sign = count < 0 ? "-" : ""
    let tenths = Int((size * 10).rounded())
    return unit == 0 ? "\(sign)\(tenths / 10) B" : "\(sign)\(tenths / 10).\(tenths % 10) \(units[unit])"
  }

  /// `1,234,567`.
  static func count(_ number: Int) -> String {
    let digits = Array(String(number.magnitude))
    var text = number < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  /// A key on one line: UTF-8 that can be shown stays, any other byte is written as `\x0a`, a backslash doubled.
  static func key(_ bytes: [UInt8]) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    let isText = Array(text.utf8) == bytes
    return isText ? text.unicodeScalars.map(visible).joined() : bytes.map(visible).joined()
  }

  private static func visible(_ scalar: Unicode.Scalar) -> String {
    let isHidden = scalar.properties.generalCategory == .control || scalar.properties.isDefaultIgnorableCodePoint
    guard !scalar.isASCII, !isHidden else { return String(scalar).utf8.map(visible).joined() }
    return String(scalar)
  }

  private static func visible(_ byte: UInt8) -> String {
    switch byte {
    case UInt8(ascii: "\\"): "\\\\"
    case 0x20...0x7E: String(Unicode.Scalar(byte))
    default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
  }
}
