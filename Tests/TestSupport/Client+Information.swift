import RESP

extension Client {
  /// The fields of a section of INFO, or of all.
  public func information(_ section: String = "everything") throws -> [String: String] {
    let text = try command("INFO", section).text ?? ""
    let pairs = text.split(whereSeparator: \.isNewline).map { $0.split(separator: ":", maxSplits: 1) }
    return Dictionary(
      pairs.compactMap { $0.count == 2 ? (String($0[0]), String($0[1])) : nil }, uniquingKeysWith: { first, _ in first }
    )
  }
}
