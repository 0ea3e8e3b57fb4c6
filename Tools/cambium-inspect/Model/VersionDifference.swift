import RESP

/// Keys of one database that two versions do not hold alike.
struct VersionDifference: Equatable {
  var added: [Key] = []
  var removed: [Key] = []
  var changed: [Key] = []

  /// A key is any run of bytes.
  typealias Key = [UInt8]

  static func += (total: inout VersionDifference, page: VersionDifference) {
    total.added += page.added
    total.removed += page.removed
    total.changed += page.changed
  }

  /// One reply of VERSION DIFF.
  struct Page {
    /// Where the next page begins; `0` when there is none.
    let cursor: String
    let difference: VersionDifference

    init(_ reply: Reply) throws(InspectError) {
      guard case .array(let parts) = reply, parts.count == 2, let cursor = parts[0].text,
        case .map(let pairs) = parts[1]
      else { throw .unexpectedReply(to: "VERSION DIFF") }
      self.cursor = cursor
      func keys(_ name: String) throws(InspectError) -> [Key] {
        guard case .array(let keys) = pairs.first(where: { $0.key.text == name })?.value else {
          throw .unexpectedReply(to: "VERSION DIFF")
        }
        return keys.compactMap(\.bytes)
      }
      difference = VersionDifference(
        added: try keys("added"), removed: try keys("removed"), changed: try keys("changed"))
    }
  }
}
