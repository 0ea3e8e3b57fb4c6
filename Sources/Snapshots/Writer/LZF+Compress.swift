internal import Values
internal import VersionedStore

/// Compression into LZF. Where a run of three bytes stood last is remembered by a hash of them; nothing is looked for
/// further back than 8 kB, which is as far as a copy can reach.
final class LZFCompressor {
  private static let hashBits = 14
  /// Position + 1 of the last run with this hash.
  private var positions = [UInt32](repeating: 0, count: 1 << hashBits)
  private var text: [UInt8] = []
  /// Bytes of the longest text of a string in chunks that is kept until its length is known.
  private let waitingLimit: Int

  init(waitingLimit: Int = 4 << 20) { self.waitingLimit = waitingLimit }

  /// Calls `body` with the compressed text if it is at least four bytes shorter, and returns whether it is.
  func compress(_ input: Bytes, _ body: (Bytes) -> Void) -> Bool {
    guard input.count > 4, input.count < Int(Int32.max) else { return false }
    text.removeAll(keepingCapacity: true)
    // What an earlier text left would be a hint at best: a hit is compared in full.
    guard encode(input, limit: input.count - 4) else { return false }
    text.withBytes(body)
    if text.capacity > 1 << 20 { text = [] }
    return true
  }

  /// Compresses a string chunk by chunk: nothing is looked for in another chunk, so that no more than one has to be there at
  /// a time. Runs follow runs, and so the texts of the chunks, one behind the other, are that of the string.
  ///
  /// If that is at least four bytes shorter than the string, calls `begin` with its length, then `body` with one part of it
  /// after the other, and returns true.
  func compress<E: Error>(
    chunksOf string: StringReader, begin: (_ byteCount: Int) -> Void, _ body: (Bytes) throws(E) -> Void
  ) throws(E) -> Bool {
    let limit = string.count - 4
    guard string.count < Int(Int32.max) else { return false }
    // The length comes first. A text that is not long waits until it is known, a longer one is made once again.
    var (byteCount, waiting) = (0, [UInt8]())
    string.forEachChunk { chunk, _ in
      encode(chunk: chunk)
      byteCount += text.count
      if byteCount <= waitingLimit { waiting += text }
      return byteCount <= limit
    }
    guard byteCount <= limit else { return false }
    begin(byteCount)
    if byteCount <= waitingLimit {
      try waiting.withBytes(body)
    } else {
      try string.forEachChunk { chunk, _ throws(E) in
        encode(chunk: chunk)
        try text.withBytes(body)
        return true
      }
    }
    return true
  }

  private func encode(chunk: Bytes) {
    // The text must be the same whenever the chunk is compressed, and what is remembered has a part in it.
    for slot in positions.indices { positions[slot] = 0 }
    text.removeAll(keepingCapacity: true)
    _ = encode(chunk, limit: .max)
  }

  private static func hash(_ input: Bytes, _ at: Int) -> Int {
    let run = UInt32(input[at]) | UInt32(input[at + 1]) << 8 | UInt32(input[at + 2]) << 16
    return Int((run &* 0x9e37_79b1) >> UInt32(32 - hashBits))
  }

  /// False as soon as the text gets longer than `limit`.
  private func encode(_ input: Bytes, limit: Int) -> Bool {
    var (at, literalStart) = (0, 0)
    while at < input.count - 2 {
      let slot = Self.hash(input, at)
      let candidate = Int(positions[slot]) - 1
      positions[slot] = UInt32(at + 1)
      let length = candidate >= 0 && candidate < at ? matchLength(input, candidate, at) : 0
      guard length >= 3 else {
        at += 1
        continue
      }
      appendLiterals(input[literalStart..<at])
      appendCopy(distance: at - candidate, length: length)
      guard text.count <= limit else { return false }
      // The runs within the copy are found again by their ends.
      for inner in [at + 1, at + length - 2] where inner > at && inner < input.count - 2 {
        positions[Self.hash(input, inner)] = UInt32(inner + 1)
      }
      at += length
      literalStart = at
    }
    appendLiterals(input[literalStart..<input.count])
    return text.count <= limit
  }

  private func matchLength(_ input: Bytes, _ candidate: Int, _ at: Int) -> Int {
    guard at - candidate <= 8192 else { return 0 }
    let limit = min(input.count - at, 264)
    var length = 0
    while length < limit, input[candidate + length] == input[at + length] { length += 1 }
    return length
  }

  private func appendLiterals(_ literals: Bytes) {
    var start = 0
    while start < literals.count {
      let count = min(32, literals.count - start)
      text.append(UInt8(count - 1))
      text.append(contentsOf: literals[start..<start + count])
      start += count
    }
  }

  private func appendCopy(distance: Int, length: Int) {
    let (offset, extra) = (distance - 1, length - 2)
    if extra < 7 {
      text.append(UInt8(extra << 5 | offset >> 8))
    } else {
      text.append(UInt8(7 << 5 | offset >> 8))
      text.append(UInt8(extra - 7))
    }
    text.append(UInt8(truncatingIfNeeded: offset))
  }
}
