internal import Glibc

/// A place on earth, in degrees.
public struct GeoPoint: Sendable {
  public var longitude: Double
  public var latitude: Double

  public init(longitude: Double, latitude: Double) {
    self.longitude = longitude
    self.latitude = latitude
  }

  public static let longitudes = -180.0...180.0
  /// The poles cannot be told in this projection (EPSG:3857).
  public static let latitudes = -85.05112878...85.05112878

  /// Meters, the quadratic mean of WGS 84.
  static let earthRadius = 6_372_797.560856

  /// Meters along the great circle (haversine).
  public func distance(to other: GeoPoint) -> Double {
    let v = sin((other.longitude.radians - longitude.radians) / 2)
    if v == 0 { return latitudeDistance(to: other) }
    let u = sin((other.latitude.radians - latitude.radians) / 2)
    let a = u * u + cos(latitude.radians) * cos(other.latitude.radians) * v * v
    return 2 * Self.earthRadius * asin(a.squareRoot())
  }

  func latitudeDistance(to other: GeoPoint) -> Double {
    Self.earthRadius * abs(other.latitude.radians - latitude.radians)
  }

  /// The score that a member of a sorted set has for its place: a geohash of 52 bits.
  public var score: Double { Double(Geohash(self, steps: Geohash.mostSteps).bits) }

  /// A score that is no geohash is made one as by Redis on its usual machines, whose conversion of floating point numbers
  /// takes negative numbers for large ones, and what is out of range for the number that has its highest bit alone.
  private static func bits(of score: Double) -> UInt64 {
    if score >= 0x1p64 { return 0 }
    if score >= 0x1p63 { return UInt64(score) }
    return score >= -0x1p63 ? UInt64(bitPattern: Int64(score)) : 1 << 63
  }

  /// The middle of the cell that a score stands for.
  public init(score: Double) {
    self = Geohash(bits: Self.bits(of: score), steps: Geohash.mostSteps).center
  }

  /// Eleven characters of the common geohash, whose latitudes go from pole to pole.
  public var geohashText: String {
    let bits = Geohash(self, steps: Geohash.mostSteps, latitudes: -90...90).bits
    let alphabet = Array("0123456789bcdefghjkmnpqrstuvwxyz".utf8)
    // There are 52 bits for 55.
    var text: [UInt8] = []
    for index in 1...10 { text.append(alphabet[Int(bits >> UInt64(52 - index * 5) & 31)]) }
    text.append(alphabet[0])
    return String(decoding: text, as: UTF8.self)
  }
}

extension Double {
  fileprivate var radians: Double { self * (Double.pi / 180) }
  fileprivate var degrees: Double { self / (Double.pi / 180) }
}

/// A cell of a grid of 2^steps by 2^steps: bits of latitude and longitude in turn, the longitude's first.
struct Geohash: Equatable {
  var bits: UInt64
  var steps: Int

  static let mostSteps = 26

  init(bits: UInt64, steps: Int) {
    self.bits = bits
    self.steps = steps
  }

  init(_ point: GeoPoint, steps: Int, latitudes: ClosedRange<Double> = GeoPoint.latitudes) {
    self.steps = steps
    let scale = Double(UInt64(1) << UInt64(steps))
    let y = (point.latitude - latitudes.lowerBound) / (latitudes.upperBound - latitudes.lowerBound) * scale
    let x = (point.longitude + 180) / 360 * scale
    bits = Self.spread(UInt64(max(y, 0))) | Self.spread(UInt64(max(x, 0))) << 1
  }

  /// The low 32 bits with a zero before each.
  private static func spread(_ word: UInt64) -> UInt64 {
    var word = word & 0xffff_ffff
    word = (word | word << 16) & 0x0000_ffff_0000_ffff
    word = (word | word << 8) & 0x00ff_00ff_00ff_00ff
    word = (word | word << 4) & 0x0f0f_0f0f_0f0f_0f0f
    word = (word | word << 2) & 0x3333_3333_3333_3333
    return (word | word << 1) & 0x5555_5555_5555_5555
  }

  private static func gather(_ word: UInt64) -> UInt64 {
    var word = word & 0x5555_5555_5555_5555
    word = (word | word >> 1) & 0x3333_3333_3333_3333
    word = (word | word >> 2) & 0x0f0f_0f0f_0f0f_0f0f
    word = (word | word >> 4) & 0x00ff_00ff_00ff_00ff
    word = (word | word >> 8) & 0x0000_ffff_0000_ffff
    return (word | word >> 16) & 0x0000_0000_ffff_ffff
  }

  struct Area {
    var longitudes: ClosedRange<Double>
    var latitudes: ClosedRange<Double>
  }

  var area: Area {
    let scale = Double(UInt64(1) << UInt64(steps))
    let (y, x) = (Double(Self.gather(bits)), Double(Self.gather(bits >> 1)))
    let (south, height) = (
      GeoPoint.latitudes.lowerBound, GeoPoint.latitudes.upperBound - GeoPoint.latitudes.lowerBound
    )
    return Area(
      longitudes: -180 + x / scale * 360 ... -180 + (x + 1) / scale * 360,
      latitudes: south + y / scale * height...south + (y + 1) / scale * height)
  }

  var center: GeoPoint {
    let area = area
    let x = (area.longitudes.lowerBound + area.longitudes.upperBound) / 2
    let y = (area.latitudes.lowerBound + area.latitudes.upperBound) / 2
    return GeoPoint(
      longitude: min(max(x, -180), 180),
      latitude: min(max(y, GeoPoint.latitudes.lowerBound), GeoPoint.latitudes.upperBound))
  }

  /// The cell so many to the east and to the north, around the world if need be.
  func moved(east: Int, north: Int) -> Geohash {
    let mask = UInt64(1) << UInt64(steps) - 1
    var (x, y) = (Self.gather(bits >> 1), Self.gather(bits))
    // The eastern and the northern edge of the world lie in cells of their own, outside of the grid: who does not leave
    // one stays there.
    if east != 0 { x = (x &+ UInt64(bitPattern: Int64(east))) & mask }
    if north != 0 { y = (y &+ UInt64(bitPattern: Int64(north))) & mask }
    return Geohash(bits: Self.spread(y) | Self.spread(x) << 1, steps: steps)
  }

  /// The scores of all places in the cell: from the first to below the second.
  var scores: (low: Double, high: Double) {
    let unused = UInt64(2 * (Self.mostSteps - steps))
    return (Double(bits << unused), Double((bits + 1) << unused))
  }
}

/// Where to look for members: around a place, within a circle or a box. Lengths are meters.
public struct GeoArea: Sendable {
  public enum Shape: Sendable {
    case circle(radius: Double)
    case box(width: Double, height: Double)
  }

  public var center: GeoPoint
  public var shape: Shape

  public init(center: GeoPoint, shape: Shape) {
    self.center = center
    self.shape = shape
  }

  /// The distance of a place in the area from its center; nil for one outside.
  public func distance(of point: GeoPoint) -> Double? {
    switch shape {
    case .circle(let radius):
      let distance = center.distance(to: point)
      return distance > radius ? nil : distance
    case .box(let width, let height):
      guard point.latitudeDistance(to: center) <= height / 2 else { return nil }
      let level = GeoPoint(longitude: center.longitude, latitude: point.latitude)
      guard point.distance(to: level) <= width / 2 else { return nil }
      return center.distance(to: point)
    }
  }

  /// Ranges of scores that hold every member of the area, and others: those of up to nine cells.
  public var scoreRanges: [(low: Double, high: Double)] {
    let bounds = bounds
    var cell = Geohash(center, steps: steps)
    if cell.steps > 1, !isCovered(by: cell, bounds) { cell = Geohash(center, steps: cell.steps - 1) }
    let area = cell.area
    // Of small cells those are left out that the area does not reach into.
    let isSmall = cell.steps >= 2
    let skipsSouth = isSmall && area.latitudes.lowerBound < bounds.latitudes.low
    let skipsNorth = isSmall && area.latitudes.upperBound > bounds.latitudes.high
    let skipsWest = isSmall && area.longitudes.lowerBound < bounds.longitudes.low
    let skipsEast = isSmall && area.longitudes.upperBound > bounds.longitudes.high
    let moves = [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)]
    var (ranges, last): ([(low: Double, high: Double)], Geohash?) = ([], nil)
    for (index, (east, north)) in moves.enumerated() {
      if north < 0 && skipsSouth || north > 0 && skipsNorth || east < 0 && skipsWest || east > 0 && skipsEast {
        continue
      }
      let neighbor = cell.moved(east: east, north: north)
      // Around a small world a neighbour may be met again. (Redis does not look back to the first cell.)
      if neighbor == last { continue }
      ranges.append(neighbor.scores)
      if index > 0 { last = neighbor }
    }
    return ranges
  }

  private typealias Bounds = (longitudes: (low: Double, high: Double), latitudes: (low: Double, high: Double))

  private var bounds: Bounds {
    let (width, height): (Double, Double) =
      switch shape {
      case .circle(let radius): (radius, radius)
      case .box(let width, let height): (width / 2, height / 2)
      }
    let up = (height / GeoPoint.earthRadius).degrees
    // The parallel that is nearer to the pole is the shorter one.
    let parallel = center.latitude < 0 ? center.latitude - up : center.latitude + up
    let across = (width / GeoPoint.earthRadius / cos(parallel.radians)).degrees
    return (
      (center.longitude - across, center.longitude + across), (center.latitude - up, center.latitude + up)
    )
  }

  /// Steps of a grid whose cells are as large as the area.
  private var steps: Int {
    var radius: Double =
      switch shape {
      case .circle(let radius): radius
      case .box(let width, let height): (width / 2 * (width / 2) + height / 2 * (height / 2)).squareRoot()
      }
    if radius == 0 { return Geohash.mostSteps }
    var steps = 1
    while radius < 20_037_726.37 {
      radius *= 2
      steps += 1
    }
    steps -= 2
    // Cells are narrow near the poles.
    if abs(center.latitude) > 66 { steps -= abs(center.latitude) > 80 ? 2 : 1 }
    return min(max(steps, 1), Geohash.mostSteps)
  }

  private func isCovered(by cell: Geohash, _ bounds: Bounds) -> Bool {
    cell.moved(east: 0, north: 1).area.latitudes.upperBound >= bounds.latitudes.high
      && cell.moved(east: 0, north: -1).area.latitudes.lowerBound <= bounds.latitudes.low
      && cell.moved(east: 1, north: 0).area.longitudes.upperBound >= bounds.longitudes.high
      && cell.moved(east: -1, north: 0).area.longitudes.lowerBound <= bounds.longitudes.low
  }
}
