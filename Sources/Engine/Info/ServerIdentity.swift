/// What a server is known by from outside. The engine has no socket and no file: whoever runs it fills this in.
public struct ServerIdentity: Sendable {
  /// The version of Redis whose behaviour this is, which clients look at before they use a command.
  public static let redisVersion = "7.0.15"
  public static let version = "0.1.0"
  /// 16 hexadecimal digits that differ from one release to another.
  static let buildID: String = {
    var sha = SHA1()
    sha.update("cambium \(version), redis \(redisVersion)".utf8)
    return String(DatasetDigest.text(sha.digest()).prefix(16))
  }()

  /// The port that clients connect to; 0 without one.
  public var port = 0
  public var executable = ""
  /// Absolute path of the configuration file; empty without one.
  public var configurationFile = ""
  /// What watches over the process: `systemd`, `upstart` or `no`.
  public var supervisor = "no"

  public init() {}
}
