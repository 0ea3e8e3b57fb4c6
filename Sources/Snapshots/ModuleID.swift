/// The 64-bit identifier that a module's data begins with: nine characters of six bits, the first in the highest bits,
/// then ten bits that count the versions of the module's own encoding.
struct ModuleID {
  let rawValue: UInt64

  /// The nine characters, for example `ReJSON-RL`.
  var name: String {
    String(
      decoding: (0..<9).map { Self.alphabet[Int(rawValue >> (58 - 6 * UInt64($0)) & 63)] }, as: UTF8.self)
  }

  private static let alphabet = [UInt8]("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
}
