internal import Glibc

/// The cross-section of a tree, for LOLWUT: what the cambium leaves behind, a ring for each year, the last one on the
/// outside. Good years make broad rings, and no trunk is quite round.
struct TreeRings {
  static let usualRadius = 12
  private static let greatestRadius = 60

  let picture: String

  init(radius: Int, seed: UInt64) {
    let radius = min(max(radius, 2), Self.greatestRadius)
    var weather = Weather(state: seed)
    let edges = Self.ringEdges(radius, &weather)
    let bulge = 0.04 + 0.08 * weather.next()
    let lean = weather.next() * 2 * Double.pi
    var text = ""
    // Where the trunk bulges inwards for the eye, it reaches beyond its radius.
    let reach = radius + radius / 6
    for row in -reach...reach {
      var line = ""
      // A character is about twice as high as wide.
      for column in -2 * reach...2 * reach {
        let x = Double(column) / 2
        let y = Double(row)
        let angle = atan2(y, x)
        let wobble = 1 + bulge * sin(3 * angle + lean) / 2 + bulge * sin(2 * angle - lean)
        line.append(Self.mark(at: (x * x + y * y).squareRoot() * wobble, edges))
      }
      while line.last == " " { line.removeLast() }
      if !line.isEmpty { text += line + "\n" }
    }
    picture = text
  }

  /// The outer edge of each ring, from the pith to the bark.
  private static func ringEdges(_ radius: Int, _ weather: inout Weather) -> [Double] {
    var edges = [0.6]
    while let last = edges.last, last < Double(radius) - 2.2 { edges.append(last + 0.9 + 1.3 * weather.next()) }
    return edges + [Double(radius)]
  }

  private static func mark(at distance: Double, _ edges: [Double]) -> Character {
    guard let ring = edges.firstIndex(where: { distance < $0 }) else { return " " }
    if ring == 0 { return "@" }
    if ring == edges.count - 1 { return "#" }
    // Late wood is dark, early wood is light.
    return distance > edges[ring] - 0.7 ? "o" : "."
  }

  /// Random numbers that are the same for the same seed (SplitMix64).
  private struct Weather {
    var state: UInt64

    /// From 0 up to 1.
    mutating func next() -> Double {
      state &+= 0x9E37_79B9_7F4A_7C15
      var word = state
      word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
      word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
      return Double((word ^ word >> 31) >> 11) / Double(1 << 53)
    }
  }
}
