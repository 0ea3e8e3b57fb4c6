internal import Values
internal import VersionedStore

/// Where a page of differences inside one key begins. Clients hand back what they were given; `0` is both the beginning and
/// the end.
struct FieldCursor: Equatable {
  enum Place: Equatable {
    case start
    /// In hash order, or a byte of a string.
    case position(UInt64)
    /// Numbers of two elements of a list, or the two parts of a stream's id: `12-7`.
    case pair(UInt64, UInt64)
    /// Among the groups of a stream, in hash order: `g17`.
    case groups(UInt64)
  }

  var place: Place
  /// The value has changed its type, and what the older one held is over: `+` before the rest.
  var isBehindOlder: Bool

  static let start = FieldCursor(place: .start)

  init(place: Place, isBehindOlder: Bool = false) {
    self.place = place
    self.isBehindOlder = isBehindOlder
  }

  /// Nil for text that no page ends with.
  init?(_ text: Bytes) {
    var rest = text
    isBehindOlder = text.first == UInt8(ascii: "+")
    if isBehindOlder { rest = rest[1..<rest.count] }
    if rest.first == UInt8(ascii: "g") {
      guard let position = UInt64(text: rest[1..<rest.count]) else { return nil }
      place = .groups(position)
    } else if let dash = rest.firstIndex(of: UInt8(ascii: "-")) {
      guard let first = UInt64(text: rest[0..<dash]), let second = UInt64(text: rest[dash + 1..<rest.count]) else {
        return nil
      }
      place = .pair(first, second)
    } else {
      guard let position = UInt64(text: rest) else { return nil }
      place = position == 0 ? .start : .position(position)
    }
  }

  var text: String {
    let rest =
      switch place {
      case .start: "0"
      case .position(let position): "\(position)"
      case .pair(let first, let second): "\(first)-\(second)"
      case .groups(let position): "g\(position)"
      }
    return isBehindOlder ? "+\(rest)" : rest
  }
}
