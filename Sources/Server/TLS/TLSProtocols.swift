import NIOSSL

/// The versions that `tls-protocols` allows.
struct TLSProtocols: Equatable {
  /// What cannot be done, for the log.
  struct Failure: Error, Equatable {
    let text: String
  }

  var lowest: TLSVersion
  var highest: TLSVersion

  static let preset = TLSProtocols(lowest: .tlsv12, highest: .tlsv13)
  private static let all: [(name: String, version: TLSVersion)] = [
    ("tlsv1", .tlsv1), ("tlsv1.1", .tlsv11), ("tlsv1.2", .tlsv12), ("tlsv1.3", .tlsv13),
  ]

  private init(lowest: TLSVersion, highest: TLSVersion) {
    self.lowest = lowest
    self.highest = highest
  }

  /// Names in any order and case. The library takes a range, so that a list with a gap is refused and not widened.
  init(_ text: String?) throws(Failure) {
    guard let text else {
      self = .preset
      return
    }
    var wanted: Set<Int> = []
    for word in text.split(separator: " ") {
      guard let index = Self.all.firstIndex(where: { $0.name == word.lowercased() }) else {
        throw Failure(
          text: "Invalid tls-protocols specified. "
            + "Use a combination of 'TLSv1', 'TLSv1.1', 'TLSv1.2' and 'TLSv1.3'.")
      }
      wanted.insert(index)
    }
    guard let low = wanted.min(), let high = wanted.max() else {
      throw Failure(text: "Invalid tls-protocols configuration string")
    }
    guard high - low + 1 == wanted.count else {
      throw Failure(text: "tls-protocols must name every version between the lowest and the highest: \(text)")
    }
    self.init(lowest: Self.all[low].version, highest: Self.all[high].version)
  }
}
