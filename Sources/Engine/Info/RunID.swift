internal import VersionedStore

/// Names that nobody else has taken.
public enum RunID {
  /// 40 random hexadecimal digits.
  public static func random() -> String {
    var generator = Randomness.Generator()
    let digits = Array("0123456789abcdef")
    return String((0..<40).map { _ in digits[Int.random(in: 0..<16, using: &generator)] })
  }
}
