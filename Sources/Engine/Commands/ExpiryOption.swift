internal import Values
internal import VersionedStore

/// `EX`, `PX`, `EXAT` or `PXAT` with its time, as SET and GETEX take it.
struct ExpiryOption {
  enum Keyword: CaseIterable {
    case ex, px, exat, pxat

    var name: StaticString {
      switch self {
      case .ex: "ex"
      case .px: "px"
      case .exat: "exat"
      case .pxat: "pxat"
      }
    }
  }

  let keyword: Keyword
  /// The argument that is the time.
  let argument: Int

  /// The option at argument `index`, if there is one that can follow `earlier`: the same may be given again, and the last
  /// one counts.
  init?(_ call: borrowing Call, at index: Int, after earlier: ExpiryOption?) {
    guard index + 1 < call.count else { return nil }
    for keyword in Keyword.allCases where call.matches(index, keyword.name) {
      guard earlier == nil || earlier?.keyword == keyword else { return nil }
      self.keyword = keyword
      argument = index + 1
      return
    }
    return nil
  }

  init(_ keyword: Keyword, argument: Int) {
    self.keyword = keyword
    self.argument = argument
  }

  var isAbsolute: Bool { keyword == .exat || keyword == .pxat }

  /// The time that is meant, in milliseconds since 1970: a positive number.
  func milliseconds(_ call: inout Call) throws(CommandError) -> Int64 {
    var time = try call.integer(argument)
    var overflow = false
    if keyword == .ex || keyword == .exat { (time, overflow) = time.multipliedReportingOverflow(by: 1000) }
    guard time > 0, !overflow else { throw call.refuseExpireTime() }
    if !isAbsolute { (time, overflow) = time.addingReportingOverflow(call.now) }
    guard !overflow else { throw call.refuseExpireTime() }
    return time
  }
}

extension Call {
  /// Refuses a time to live that is out of range.
  mutating func refuseExpireTime() -> CommandError {
    refuse("ERR invalid expire time in '\(command.value.fullName)' command")
  }
}
