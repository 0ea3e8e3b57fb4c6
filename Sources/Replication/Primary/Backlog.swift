internal import VersionedStore

/// The last bytes of the command stream, for those replicas that read them now and those that come back.
///
/// The bytes lie in blocks, once, however many replicas there are: each has a place of its own in them. Offsets count the
/// bytes of the history: the one at offset `n` has `n` bytes before it, and a replica that has it asks for `n + 2`.
struct Backlog {
  final class Block {
    let start: Int64
    let capacity: Int
    fileprivate let queue: ByteQueue

    fileprivate init(start: Int64, capacity: Int) {
      self.start = start
      self.capacity = capacity
      queue = ByteQueue(capacity: capacity)
    }

    deinit { queue.deallocate() }

    var end: Int64 { start + Int64(queue.count) }
    /// From `offset` on; good as long as the block is and nothing is appended.
    func bytes(from offset: Int64) -> Bytes { queue.bytes[Int(offset - start)..<queue.count] }
  }

  /// `repl-backlog-size`: about so many bytes stay, whether anybody reads them or not.
  var size: Int
  /// The blocks from `first` on; those before it are gone.
  private var blocks: [Block?] = []
  private var first = 0
  private(set) var end: Int64
  /// Bytes of memory that the blocks take.
  private(set) var memory = 0

  init(size: Int, at offset: Int64) {
    self.size = size
    end = offset
  }

  /// The offset of the first byte that is there.
  var start: Int64 { first < blocks.count ? blocks[first]!.start : end }
  var count: Int { Int(end - start) }
  var blockCount: Int { blocks.count - first }

  private static let leastBlock = 16 << 10
  private static let greatestBlock = 64 << 10
  /// A block with its place in the list, beside its bytes.
  private static let blockOverhead = 96

  /// Small enough that little more than `size` is kept, large enough that blocks are few.
  private var blockCapacity: Int { min(max(size / 16, Self.leastBlock), Self.greatestBlock) }

  /// Returns whether this has taken a new block.
  mutating func append(_ bytes: Bytes) -> Bool {
    var (rest, isGrown) = (bytes, false)
    while rest.count > 0 {
      var room = blockCount > 0 ? blocks[blocks.count - 1]!.capacity - blocks[blocks.count - 1]!.queue.count : 0
      if room == 0 {
        let block = Block(start: end, capacity: blockCapacity)
        blocks.append(block)
        memory += block.capacity + Self.blockOverhead
        (room, isGrown) = (block.capacity, true)
      }
      let part = rest[0..<min(room, rest.count)]
      blocks[blocks.count - 1]!.queue.append(part)
      rest = rest[part.count..<rest.count]
      end += Int64(part.count)
    }
    return isGrown
  }

  /// The block that the byte at `offset` is in; nil if it is not there.
  func block(at offset: Int64) -> Block? {
    guard offset >= start, offset < end else { return nil }
    // The last block that does not begin behind it.
    var (low, high) = (first, blocks.count - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if blocks[middle]!.start <= offset { low = middle } else { high = middle - 1 }
    }
    return blocks[low]
  }

  /// Gives up blocks that are more than `size`, `limit` at most, from the oldest up to the first that somebody reads.
  ///
  /// - Parameter needed: the first offset that is still to be read; nil for none.
  mutating func trim(needed: Int64?, limit: Int) {
    var freed = 0
    while freed < limit, blockCount > 1, let oldest = blocks[first], let next = blocks[first + 1] {
      guard end - next.start > Int64(size), next.start <= needed ?? .max else { break }
      blocks[first] = nil
      first += 1
      freed += 1
      memory -= oldest.capacity + Self.blockOverhead
    }
    if first > 64, first > blocks.count / 2 {
      blocks.removeFirst(first)
      first = 0
    }
  }
}
