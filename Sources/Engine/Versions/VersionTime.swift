internal import Values
internal import VersionedStore

/// Times as clients write them behind the `@` of a version.
enum VersionTime {
  /// Milliseconds since 1970 of a plain count of them, or of a time in the form of ISO 8601 with its offset:
  /// `2026-11-22T07:20:00Z`, `2026-11-22T08:20:00.250+01:00`. Nil for any other text.
  static func milliseconds(_ text: Bytes) -> Int64? {
    if let count = Int64(text: text) { return count >= 0 ? count : nil }
    var reader = Reader(rest: text)
    guard let date = reader.date(), reader.letter("T"), let time = reader.time(), let offset = reader.offset(),
      reader.rest.isEmpty
    else { return nil }
    return date * 86_400_000 + time - offset
  }

  /// Takes the parts of a time from the front of the text.
  private struct Reader {
    var rest: Bytes

    mutating func take(_ byte: UInt8) -> Bool {
      guard rest.first == byte else { return false }
      rest = rest.dropFirst()
      return true
    }

    /// A capital letter or its small form.
    mutating func letter(_ letter: Unicode.Scalar) -> Bool {
      take(UInt8(ascii: letter)) || take(UInt8(ascii: letter) | 0x20)
    }

    /// Exactly `digits` digits, for a number in `range`.
    mutating func number(_ digits: Int, in range: ClosedRange<Int64>) -> Int64? {
      guard rest.count >= digits else { return nil }
      var value: Int64 = 0
      for byte in rest.prefix(digits) {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        value = value * 10 + Int64(byte - UInt8(ascii: "0"))
      }
      rest = rest.dropFirst(digits)
      return range.contains(value) ? value : nil
    }

    /// `2026-11-22`, as days since 1970.
    mutating func date() -> Int64? {
      guard let year = number(4, in: 1970...9999), take(UInt8(ascii: "-")),
        let month = number(2, in: 1...12), take(UInt8(ascii: "-")),
        let day = number(2, in: 1...VersionTime.dayCount(month, of: year))
      else { return nil }
      return VersionTime.days(year, month, day)
    }

    /// `07:20`, `07:20:00` or `07:20:00.25`, as milliseconds. What is finer than a millisecond is dropped.
    mutating func time() -> Int64? {
      guard let hour = number(2, in: 0...23), take(UInt8(ascii: ":")), let minute = number(2, in: 0...59) else {
        return nil
      }
      var milliseconds = (hour * 60 + minute) * 60_000
      guard take(UInt8(ascii: ":")) else { return milliseconds }
      guard let second = number(2, in: 0...59) else { return nil }
      milliseconds += second * 1000
      guard take(UInt8(ascii: ".")) else { return milliseconds }
      guard var digit = number(1, in: 0...9) else { return nil }
      var weight: Int64 = 100
      while true {
        milliseconds += digit * weight
        weight /= 10
        guard let next = number(1, in: 0...9) else { return milliseconds }
        digit = next
      }
    }

    /// `Z`, `+01:00`, `-0130` or `+01`, as milliseconds.
    mutating func offset() -> Int64? {
      if letter("Z") { return 0 }
      let isNegative = take(UInt8(ascii: "-"))
      guard isNegative || take(UInt8(ascii: "+")), let hours = number(2, in: 0...23) else { return nil }
      var minutes: Int64 = 0
      if !rest.isEmpty {
        _ = take(UInt8(ascii: ":"))
        guard let count = number(2, in: 0...59) else { return nil }
        minutes = count
      }
      let milliseconds = (hours * 60 + minutes) * 60_000
      return isNegative ? -milliseconds : milliseconds
    }
  }

  private static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  private static func dayCount(_ month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days from 1970-01-01 to a day of the Gregorian calendar.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let before = year - 1
    let leapDays = before / 4 - before / 100 + before / 400
    let inYear = (1..<month).reduce(0) { $0 + dayCount($1, of: year) }
    return before * 365 + leapDays + inYear + day - 719_163
  }
}
