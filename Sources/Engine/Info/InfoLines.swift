internal import Glibc

/// The lines of one section of INFO, `field:value` each.
struct InfoLines {
  private(set) var lines: [String] = []

  mutating func add(_ field: String, _ value: Int) { lines.append("\(field):\(value)") }

  mutating func add(_ field: String, _ value: Int64) { lines.append("\(field):\(value)") }

  mutating func add(_ field: String, _ value: String) { lines.append("\(field):\(value)") }

  mutating func add(_ field: String, _ isTrue: Bool) { lines.append("\(field):\(isTrue ? 1 : 0)") }

  /// A number with as many decimals.
  mutating func add(_ field: String, _ value: Double, decimals: Int = 2, suffix: String = "") {
    lines.append("\(field):\(value.fixed(decimals))\(suffix)")
  }

  /// A number of bytes, and the same for people to read.
  mutating func add(bytes field: String, _ value: Int) {
    add(field, value)
    add("\(field)_human", value.humanByteCount)
  }
}

extension Double {
  /// The number as C prints it under `%.nf`.
  func fixed(_ decimals: Int) -> String {
    let places = min(max(decimals, 0), 9)
    // 309 digits before the point are the most that a Double has.
    var text = [CChar](repeating: 0, count: 400)
    let count = unsafe withVaList([CInt(places), self]) { unsafe vsnprintf(&text, text.count, "%.*f", $0) }
    return String(decoding: text.prefix(Int(count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

extension Double {
  /// With as many decimals as it takes, up to six.
  public var percentText: String {
    var text = fixed(6)
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }
}

extension Int {
  /// A number of bytes as INFO shows it to people: `512B`, `1.50K`, `2.00G`.
  var humanByteCount: String {
    guard self >= 1024 else { return "\(self)B" }
    var value = Double(self) / 1024
    for unit in ["K", "M", "G", "T"] {
      if value < 1024 { return value.fixed(2) + unit }
      value /= 1024
    }
    return value.fixed(2) + "P"
  }
}
