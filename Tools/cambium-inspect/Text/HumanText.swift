/// Numbers and bytes in the form that people read.
enum HumanText {
  /// `0 B`, `999 B`, `1.0 KiB`, `84.3 MiB`.
  static func byteCount(_ count: Int) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var tenths = count.magnitude > UInt(Int.max / 10) ? Int.max : Int(count.magnitude) * 10
    var unit = 0
    // What would be shown as 1024.0 belongs to the next unit.
    while tenths >= 10_240, unit + 1 < units.count {
      tenths = (tenths + 512) / 1024
      unit += 1
    }
    let sign = count < 0 ? "-" : ""
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

  /// A key on one line: UTF-8 that can be shown stays, any other byte is written as `\x0a`.
  static func key(_ bytes: [UInt8]) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    guard Array(text.utf8) == bytes else { return bytes.map { visible(Unicode.Scalar($0), isText: false) }.joined() }
    return text.unicodeScalars.map { visible($0, isText: true) }.joined()
  }

  private static func visible(_ scalar: Unicode.Scalar, isText: Bool) -> String {
    switch scalar {
    case "\\": return "\\\\"
    case " "..."~": return String(scalar)
    default:
      let isShown =
        isText && !scalar.properties.isDefaultIgnorableCodePoint && scalar.properties.generalCategory != .control
      if isShown { return String(scalar) }
      return String(scalar).utf8.map(hexadecimal).joined()
    }
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }
}
