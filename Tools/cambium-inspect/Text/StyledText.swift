/// Text and the way a terminal shows it.
struct StyledText: ExpressibleByStringLiteral {
  /// The numbers of ANSI's graphic renditions.
  enum Style: Int {
    case plain = 0
    case bold = 1
    case faint = 2
    case red = 31
    case green = 32
    case yellow = 33
    case cyan = 36
  }

  let text: String
  let style: Style

  init(_ text: String, _ style: Style = .plain) {
    self.text = text
    self.style = style
  }

  init(stringLiteral text: String) {
    self.init(text)
  }

  /// Columns of a terminal that it takes: names are ASCII, and what is drawn beside them is one column wide.
  var width: Int { text.count }

  func rendered(colour: Bool) -> String {
    guard colour, style != .plain, !text.isEmpty else { return text }
    return "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
  }
}
