internal import Crypto
internal import VersionedStore

/// Passwords are kept as SHA-256 in hexadecimal, as Redis keeps them: files of users go from one to the other.
enum PasswordHash {
  private static let length = 64

  static func hexadecimal(_ password: Bytes) -> [UInt8] {
    var hasher = SHA256()
    unsafe password.withUnsafeBytes { unsafe hasher.update(bufferPointer: $0) }
    let digits = Array("0123456789abcdef".utf8)
    return hasher.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
  }

  /// Whether this could be a hash.
  static func isWellFormed(_ hash: [UInt8]) -> Bool {
    hash.count == length
      && hash.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (0x61...0x66).contains($0) }
  }
}

extension Bytes {
  /// Compares with a secret in a time that depends on the length of `self` alone, which the client chose: how long the
  /// answer takes tells nothing of the secret.
  func equalsInConstantTime(_ secret: Bytes) -> Bool {
    var difference = count ^ secret.count
    for index in 0..<count {
      let other = secret.isEmpty ? 0 : secret[index % secret.count]
      difference |= Int(self[index] ^ other)
    }
    return difference == 0
  }
}
