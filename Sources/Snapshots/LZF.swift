internal import VersionedStore

/// Decompression of LZF, the byte format of Marc Lehmann's LibLZF, which RDB uses for long strings.
///
/// A run begins with a control byte:
///
///     000LLLLL                     L + 1 literal bytes follow
///     LLLooooo oooooooo            copy L + 2 bytes from o + 1 bytes back (L is 1 to 6)
///     111ooooo LLLLLLLL oooooooo   copy L + 9 bytes from o + 1 bytes back
///
/// A copy may reach into what it writes itself: that is how a run of equal bytes is stored.
enum LZF {
  /// No run is longer than 264 bytes, and none of those takes less than three bytes. A text that claims to grow by more
  /// is a lie that can be refused before any memory is taken for it.
  static func canGrow(from compressedByteCount: Int, to byteCount: Int) -> Bool {
    byteCount / 88 <= compressedByteCount
  }

  /// Bytes of the longest run.
  private static let longestRun = 264
  /// How far back a copy can reach.
  private static let reach = 8192

  /// Replaces `output` with the `byteCount` bytes that `input` stands for. False if `input` is no LZF text of exactly
  /// that length; `output` then holds zeros or part of the text.
  static func decompress(_ input: Bytes, byteCount: Int, into output: inout [UInt8]) -> Bool {
    output.removeAll(keepingCapacity: true)
    output.append(contentsOf: repeatElement(0, count: byteCount))
    var (read, written) = (0, 0)
    var text = output.mutableSpan
    while read < input.count {
      guard decodeRun(input, &read, into: &text, &written) else { return false }
    }
    return written == byteCount
  }

  /// Gives `body` the `byteCount` bytes that `input` stands for in pieces of some 64 kB, for which `scratch` has the room.
  /// False if `input` is no LZF text of exactly that length; `body` then has had part of it, or something else.
  static func decompress<E: Error>(
    _ input: Bytes, byteCount: Int, using scratch: inout [UInt8], _ body: (Bytes) throws(E) -> Void
  ) throws(E) -> Bool {
    scratch.removeAll(keepingCapacity: true)
    scratch.append(contentsOf: repeatElement(0, count: reach + 64 << 10))
    // The scratch begins with what was given before, as far as a copy can reach.
    var (read, given, total) = (0, 0, 0)
    while read < input.count {
      guard let written = decodeRuns(input, &read, into: &scratch, from: given) else { return false }
      total += written - given
      guard total <= byteCount else { return false }
      try scratch.withBytes { text throws(E) in try body(text[given..<written]) }
      given = min(written, reach)
      let kept = written - given
      var text = scratch.mutableSpan
      for index in 0..<given { text[index] = text[kept + index] }
    }
    return total == byteCount
  }

  /// Decodes runs as long as there is room for any. Returns the end of what is written; nil if there is a bad run.
  private static func decodeRuns(
    _ input: Bytes, _ read: inout Int, into scratch: inout [UInt8], from start: Int
  ) -> Int? {
    var text = scratch.mutableSpan
    var written = start
    while read < input.count, text.count - written >= longestRun {
      guard decodeRun(input, &read, into: &text, &written) else { return nil }
    }
    return written
  }

  /// Decodes one run. False if it is cut, reaches back too far, or goes over the end of `text`.
  @inline(__always)
  private static func decodeRun(
    _ input: Bytes, _ read: inout Int, into text: inout MutableSpan<UInt8>, _ written: inout Int
  ) -> Bool {
    let control = Int(input[read])
    read += 1
    if control < 32 {
      let length = control + 1
      guard length <= input.count - read, length <= text.count - written else { return false }
      for step in 0..<length { text[written + step] = input[read + step] }
      read += length
      written += length
      return true
    }
    var length = control >> 5 + 2
    if length == 9 {
      guard read < input.count else { return false }
      length += Int(input[read])
      read += 1
    }
    guard read < input.count else { return false }
    let distance = (control & 31) << 8 + Int(input[read]) + 1
    read += 1
    guard distance <= written, length <= text.count - written else { return false }
    for step in 0..<length { text[written + step] = text[written + step - distance] }
    written += length
    return true
  }
}
