internal import Synchronization

/// Numbers for dataset lineages: each dataset that is begun anew, whether empty, by a full sync or from a file, has its
/// own.
public enum Lineage {
  private static let last = Atomic<Int>(0)

  /// Any thread may ask.
  public static func next() -> Int { last.add(1, ordering: .relaxed).newValue }
}
