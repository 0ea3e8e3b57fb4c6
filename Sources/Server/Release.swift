import Engine

/// Which release this is, and which Redis it speaks like.
enum Release {
  static let name = "Cambium"
  static let version = ServerIdentity.version
  /// The release of Redis whose commands, replies and files are followed; clients decide by it what they may send.
  static let redisVersion = ServerIdentity.redisVersion
}
