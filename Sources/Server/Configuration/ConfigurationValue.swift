import Engine
import Values

/// Why a directive refuses a value, in the words that Redis uses.
struct BadValue: Error, Equatable {
  let reason: String
}

/// How one kind of value is read from redis.conf or CONFIG SET, shown by CONFIG GET and written by CONFIG REWRITE.
struct ConfigurationValue<Value>: Sendable {
  let parse: @Sendable ([UInt8]) throws(BadValue) -> Value
  let shown: @Sendable (Value) -> [UInt8]
  /// What stands after the name in a file; nil when only leaving the line out says it.
  let written: @Sendable (Value) -> [UInt8]?
}

extension ConfigurationValue<Bool> {
  static let flag = ConfigurationValue(
    parse: { (text) throws(BadValue) in
      switch String(decoding: text, as: UTF8.self).lowercased() {
      case "yes": return true
      case "no": return false
      default: throw BadValue(reason: "argument must be 'yes' or 'no'")
      }
    },
    shown: { Array(($0 ? "yes" : "no").utf8) },
    written: { Array(($0 ? "yes" : "no").utf8) })
}

extension ConfigurationValue<Int> {
  static func integer(_ range: ClosedRange<Int>) -> Self {
    ConfigurationValue(
      parse: { (text) throws(BadValue) in
        guard let value = decimal(text) else {
          throw BadValue(reason: "argument couldn't be parsed into an integer")
        }
        return try checked(value, range)
      },
      shown: { Array(String($0).utf8) }, written: { Array(String($0).utf8) })
  }

  /// An integer that is taken at the nearest end of `range` when it lies outside.
  static func clamped(_ range: ClosedRange<Int>, from accepted: ClosedRange<Int>) -> Self {
    let plain = integer(accepted)
    return ConfigurationValue(
      parse: { (text) throws(BadValue) in
        Swift.min(Swift.max(try plain.parse(text), range.lowerBound), range.upperBound)
      },
      shown: plain.shown, written: plain.written)
  }

  /// Bytes, written as `100`, `100b`, `100k` (1000), `100kb` (1024) and so on up to `gb`; shown as a plain number.
  static func memory(_ range: ClosedRange<Int>) -> Self {
    ConfigurationValue(
      parse: { (text) throws(BadValue) in
        guard let value = MemorySize.parse(text) else { throw BadValue(reason: "argument must be a memory value") }
        return try checked(value, range)
      },
      shown: { Array(String($0).utf8) }, written: { Array(MemorySize.format($0).utf8) })
  }

  /// Bytes, or a share of something else, which is kept as a negative number of percent.
  static let memoryOrPercentage: Self = ConfigurationValue(
    parse: { (text) throws(BadValue) in
      if let value = MemorySize.parse(text) { return value }
      guard text.count > 1, text.last == UInt8(ascii: "%"), let percentage = decimal(Array(text.dropLast())),
        percentage >= 0
      else { throw BadValue(reason: "argument must be a memory or percent value") }
      guard percentage <= 100 else { throw BadValue(reason: "percentage argument must be less or equal to 100") }
      return -percentage
    },
    shown: { Array(($0 < 0 ? "\(-$0)%" : "\($0)").utf8) },
    written: { Array(($0 < 0 ? "\(-$0)%" : MemorySize.format($0)).utf8) })

  static func octal(_ range: ClosedRange<Int>) -> Self {
    ConfigurationValue(
      parse: { (text) throws(BadValue) in
        guard let value = Int(String(decoding: text, as: UTF8.self), radix: 8) else {
          throw BadValue(reason: "argument couldn't be parsed as an octal number")
        }
        return try checked(value, range, radix: 8)
      },
      shown: { Array(String($0, radix: 8).utf8) }, written: { Array(String($0, radix: 8).utf8) })
  }

  /// Redis takes digits and a leading minus sign, and no plus sign, leading zero or blank.
  private static func decimal(_ text: [UInt8]) -> Int? {
    let text = String(decoding: text, as: UTF8.self)
    guard let value = Int(text), String(value) == text else { return nil }
    return value
  }

  private static func checked(_ value: Int, _ range: ClosedRange<Int>, radix: Int = 10) throws(BadValue) -> Int {
    guard range.contains(value) else {
      let (low, high) = (String(range.lowerBound, radix: radix), String(range.upperBound, radix: radix))
      throw BadValue(reason: "argument must be between \(low) and \(high) inclusive")
    }
    return value
  }
}

extension ConfigurationValue<RetainPrevious> {
  /// `yes`, `no`, or a number of seconds.
  static let retainPrevious: Self = {
    let seconds = ConfigurationValue<Int>.integer(0...Int(Int32.max))
    let show: @Sendable (RetainPrevious) -> [UInt8] = {
      switch $0 {
      case .yes: Array("yes".utf8)
      case .no: Array("no".utf8)
      case .seconds(let count): seconds.shown(count)
      }
    }
    return ConfigurationValue(
      parse: { (text) throws(BadValue) in
        switch String(decoding: text, as: UTF8.self).lowercased() {
        case "yes": return .yes
        case "no", "0": return .no
        default: break
        }
        do throws(BadValue) { return .seconds(try seconds.parse(text)) } catch {
          throw BadValue(reason: "argument must be 'yes', 'no' or a number of seconds")
        }
      },
      shown: show, written: show)
  }()
}

extension ConfigurationValue where Value: RawRepresentable<String> & CaseIterable & Sendable {
  static var choice: Self {
    let all = Array(Value.allCases)
    return ConfigurationValue(
      parse: { (text) throws(BadValue) in
        let wanted = String(decoding: text, as: UTF8.self).lowercased()
        guard let value = all.first(where: { $0.rawValue == wanted }) else {
          throw BadValue(reason: ConfigurationValue<String>.notAmong(all.map(\.rawValue)))
        }
        return value
      },
      shown: { Array($0.rawValue.utf8) }, written: { Array($0.rawValue.utf8) })
  }
}

extension ConfigurationValue<String> {
  /// Text that may be empty. `check` answers why a value is refused, or nil.
  static func text(_ check: @escaping @Sendable (String) -> String? = { _ in nil }) -> Self {
    ConfigurationValue(
      parse: { (bytes) throws(BadValue) in
        guard let text = String(validating: bytes, as: UTF8.self) else {
          throw BadValue(reason: "argument must be valid UTF-8")
        }
        if let reason = check(text) { throw BadValue(reason: reason) }
        return text
      },
      shown: { Array($0.utf8) },
      written: { ConfigurationArguments.quoted(Array($0.utf8)) })
  }

  /// One of the names.
  static func oneOf(_ names: String...) -> Self {
    ConfigurationValue(
      parse: { (text) throws(BadValue) in
        let wanted = String(decoding: text, as: UTF8.self).lowercased()
        guard names.contains(wanted) else { throw BadValue(reason: notAmong(names)) }
        return wanted
      },
      shown: { Array($0.utf8) }, written: { Array($0.utf8) })
  }

  static func notAmong(_ names: [String]) -> String {
    "argument(s) must be one of the following: \(names.joined(separator: ", "))"
  }
}

extension ConfigurationValue<EventClass> {
  static let eventClasses = ConfigurationValue(
    parse: { (bytes) throws(BadValue) in
      guard let classes = EventClass(letters: String(decoding: bytes, as: UTF8.self)) else {
        throw BadValue(reason: "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
      }
      return classes
    },
    shown: { Array($0.shownLetters.utf8) },
    written: { ConfigurationArguments.quoted(Array($0.letters.utf8)) })
}

extension ConfigurationValue<String?> {
  /// Text, with nil for the empty text.
  static let optionalText: Self = {
    let plain = ConfigurationValue<String>.text()
    return ConfigurationValue(
      parse: { (bytes) throws(BadValue) in bytes.isEmpty ? nil : try plain.parse(bytes) },
      shown: { $0.map(plain.shown) ?? [] },
      written: { $0.flatMap(plain.written) })
  }()
}

extension ConfigurationValue<[UInt8]?> {
  /// Any bytes, such as a password, with nil for none at all.
  static let optionalBytes = ConfigurationValue(
    parse: { (bytes) throws(BadValue) in bytes.isEmpty ? nil : bytes },
    shown: { $0 ?? [] },
    written: { $0.map(ConfigurationArguments.quoted) })
}
