public import VersionedStore

/// A connection to another server that its user waits for. It ends with the object.
public protocol MigrationLink: AnyObject {
  /// Sends all of it. For each piece of 64 KiB the other side has so long to make room.
  func send(_ bytes: Bytes, timeoutMilliseconds: Int64) throws(MigrationLinkFailure)
  /// The next line, without its end.
  func readLine(timeoutMilliseconds: Int64) throws(MigrationLinkFailure) -> [UInt8]
}

/// Why a connection gives nothing more. Neither tells what the other side has done with what it was sent.
public enum MigrationLinkFailure: Error, Equatable {
  case timedOut
  /// It was closed or reset, or what comes is no line.
  case closed
}
