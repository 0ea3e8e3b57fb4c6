/// How soon the kernel is to end this process when memory runs out (`oom-score-adj`).
///
/// Confined to the serving loop.
final class OOMScore {
  enum Mode: String, CaseIterable {
    /// What the process was started with.
    case no
    /// What the configuration says, on top of that; both names mean the same.
    case yes, relative
    /// What the configuration says.
    case absolute
  }

  private static let limits = -1000...1000

  private let path: String
  /// What it was before it was changed; nil while it is as it was.
  private var original: Int?

  init(path: String = "/proc/self/oom_score_adj") { self.path = path }

  /// Has the kernel know what `settings` say of a primary or of a replica.
  func apply(_ settings: ServerSettings, isReplica: Bool) throws(Files.Failure) {
    guard settings.oomScoreAdj != .no else {
      guard let original else { return }
      self.original = nil
      return try write(original)
    }
    let base: Int
    if let original {
      base = original
    } else {
      let text = String(decoding: try Files.read(path), as: UTF8.self)
      base = Int(text.prefix { $0 != "\n" }) ?? 0
      original = base
    }
    let wanted = settings.oomScoreAdjValues[isReplica ? 1 : 0] + (settings.oomScoreAdj == .absolute ? 0 : base)
    try write(min(max(wanted, Self.limits.lowerBound), Self.limits.upperBound))
  }

  private func write(_ score: Int) throws(Files.Failure) {
    try Files.overwrite(path, with: Array("\(score)\n".utf8))
  }
}
