internal import Crypto

/// SHA-1, for the digests of DEBUG, which have to equal Redis's; it protects nothing.
struct SHA1 {
  typealias Digest = InlineArray<20, UInt8>

  private var sha = Insecure.SHA1()

  mutating func update(_ bytes: some Sequence<UInt8>) {
    let isDone: Void? = bytes.withContiguousStorageIfAvailable {
      unsafe sha.update(bufferPointer: UnsafeRawBufferPointer($0))
    }
    if isDone == nil { sha.update(data: Array(bytes)) }
  }

  consuming func digest() -> Digest {
    var digest = Digest(repeating: 0)
    for (index, byte) in sha.finalize().enumerated() { digest[index] = byte }
    return digest
  }
}
