internal import Glibc
internal import VersionedStore

/// A number as C's `strtod` reads it, for the places where Redis asks nothing else: blanks may stand before it, no text is
/// 0, and text ends at the first zero byte.
struct CNumber {
  let value: Double
  /// Whether a double can hold it; if not, `value` is the nearest one.
  let isInRange: Bool

  /// Nil for what is no number as a whole.
  init?(_ text: Bytes) {
    let characters = text.map { CChar(bitPattern: $0) } + [0]
    var (value, isWhole, error) = (0.0, false, Int32(0))
    unsafe characters.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      var end: UnsafeMutablePointer<CChar>?
      errno = 0
      value = unsafe strtod(start, &end)
      error = errno
      isWhole = unsafe end.map { unsafe $0.pointee == 0 } ?? false
    }
    guard isWhole, !value.isNaN else { return nil }
    self.value = value
    isInRange = error != ERANGE
  }
}
