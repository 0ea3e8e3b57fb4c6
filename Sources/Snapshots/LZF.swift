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

  /// Replaces `output` with the `byteCount` bytes that `input` stands for. False if `input` is no LZF text of exactly
  /// that length; `output` then holds zeros or part of the text.
  static func decompress(_ input: Bytes, byteCount: Int, into output: inout [UInt8]) -> Bool {
    output.removeAll(keepingCapacity: true)
    output.append(contentsOf: repeatElement(0, count: byteCount))
    var text = output.mutableSpan
    var read = 0
    var written = 0
    while read < input.count {
      let control = Int(input[read])
      read += 1
      if control < 32 {
        let length = control + 1
        guard length <= input.count - read, length <= byteCount - written else { return false }
        for step in 0..<length { text[written + step] = input[read + step] }
        read += length
        written += length
      } else {
        var length = control >> 5 + 2
        if length == 9 {
          guard read < input.count else { return false }
          length += Int(input[read])
          read += 1
        }
        guard read < input.count else { return false }
        let distance = (control & 31) << 8 + Int(input[read]) + 1
        read += 1
        guard distance <= written, length <= byteCount - written else { return false }
        for step in 0..<length { text[written + step] = text[written + step - distance] }
        written += length
      }
    }
    return written == byteCount
  }
}
