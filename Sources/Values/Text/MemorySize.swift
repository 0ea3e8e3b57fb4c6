/// Amounts of memory as redis.conf writes them: digits and a unit, `k` for 1000 and `kb` for 1024.
public enum MemorySize {
  /// The number of bytes; nil when it is not such an amount or does not fit. The empty text is 0, as it is for Redis.
  public static func parse(_ text: [UInt8]) -> Int? {
    let digits = text.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    let unit: Int
    switch String(decoding: text[digits.endIndex...], as: UTF8.self).lowercased() {
    case "", "b": unit = 1
    case "k": unit = 1000
    case "kb": unit = 1 << 10
    case "m": unit = 1_000_000
    case "mb": unit = 1 << 20
    case "g": unit = 1_000_000_000
    case "gb": unit = 1 << 30
    default: return nil
    }
    if digits.isEmpty { return 0 }
    guard let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit)
    return overflow ? nil : bytes
  }

  /// In the greatest unit that divides it.
  public static func format(_ bytes: Int) -> String {
    for (shift, unit) in [(30, "gb"), (20, "mb"), (10, "kb")] where bytes != 0 && bytes % (1 << shift) == 0 {
      return "\(bytes >> shift)\(unit)"
    }
    return String(bytes)
  }
}
