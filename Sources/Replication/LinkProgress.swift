/// How far a full sync has come.
public struct LinkProgress: Sendable, Equatable {
  /// When the snapshot began to come, in milliseconds of the link's clock.
  public internal(set) var beganAt: Int64 = 0
  /// Length of the snapshot in bytes; nil if the primary streams it without knowing.
  public internal(set) var totalByteCount: Int64?
  public internal(set) var readByteCount: Int64 = 0
  public internal(set) var keyCount: UInt64 = 0
  /// Sum of what the databases that have begun were announced to hold.
  public internal(set) var announcedKeyCount: UInt64 = 0
}
