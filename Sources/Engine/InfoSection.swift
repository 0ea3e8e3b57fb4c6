/// A section of INFO that a module brings.
public struct InfoSection {
  /// As the client names it, lower case.
  public let name: String
  /// As the heading shows it.
  public let title: String
  /// Its lines, `field:value` each.
  public let lines: () -> [String]

  public init(name: String, title: String, lines: @escaping () -> [String]) {
    self.name = name
    self.title = title
    self.lines = lines
  }
}
