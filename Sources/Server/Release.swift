/// Which release this is, and which Redis it speaks like.
enum Release {
  static let name = "Cambium"
  static let version = "0.1.0"
  /// The release of Redis whose commands, replies and files are followed; clients decide by it what they may send.
  static let redisVersion = "7.0.15"
}
