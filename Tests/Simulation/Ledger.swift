/// What a server that has promised `appendfsync always` must have after a crash: a state that it was in when, or after, the last
/// write was acknowledged.
struct Ledger {
  /// How the dataset looked after each tick that changed it, in order.
  private var boundaries: [Landmarks] = []
  /// The first of them that holds everything that was acknowledged; nil without a promise.
  private var promised: Int?

  var hasPromise: Bool { promised != nil }

  /// The dataset has become this.
  mutating func note(_ landmarks: Landmarks) {
    if boundaries.last != landmarks { boundaries.append(landmarks) }
  }

  /// A client was told that this stamp is written.
  mutating func acknowledged(_ number: Int) {
    guard let index = boundaries.firstIndex(where: { $0.number >= number }) else { return }
    promised = max(promised ?? 0, index)
  }

  /// There is no promise any more.
  mutating func forget() { promised = nil }

  /// Everything that is there is on the disk.
  mutating func promiseAll() { promised = boundaries.isEmpty ? nil : boundaries.count - 1 }

  /// Why a server must not begin with this after a crash; nil if it may, and then it is what is promised from here on.
  mutating func recovered(_ landmarks: Landmarks) -> String? {
    defer { (boundaries, promised) = ([landmarks], 0) }
    guard let promised else { return nil }
    let least = boundaries[promised]
    // A later stamp may have been cut off from the ticks that were seen.
    if landmarks.number >= least.number || boundaries[promised...].contains(landmarks) { return nil }
    return "\(least) was acknowledged, and after the crash there is \(landmarks)"
  }
}
