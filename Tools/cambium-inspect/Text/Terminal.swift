import Glibc

/// What the standard streams are connected to.
enum Terminal {
  /// Whether output may have colours: on a terminal that has them, unless `NO_COLOR` asks for none (no-color.org).
  static var hasColour: Bool {
    isatty(STDOUT_FILENO) == 1 && environment("NO_COLOR").isEmpty && environment("TERM") != "dumb"
  }

  /// Whether somebody can be asked.
  static var canAsk: Bool { isatty(STDIN_FILENO) == 1 }

  /// Asks a question; only `y` and `yes` mean yes.
  static func confirms(_ question: String) -> Bool {
    print(question, terminator: " [y/N] ")
    fflush(nil)
    return ["y", "yes"].contains(readLine()?.lowercased())
  }

  /// The empty string for a variable that is not set.
  static func environment(_ name: String) -> String {
    guard let value = unsafe getenv(name) else { return "" }
    return unsafe String(cString: value)
  }
}
