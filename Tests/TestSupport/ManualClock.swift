/// A clock that moves when the test says so.
public struct ManualClock: Sendable {
  /// Since 1970.
  public private(set) var milliseconds: Int

  public init(milliseconds: Int = 1_700_000_000_000) {
    self.milliseconds = milliseconds
  }

  public mutating func advance(milliseconds: Int) {
    self.milliseconds += milliseconds
  }
}
