import TestSupport
import Testing
import VersionedStore

@testable import Replication

/// The ring of blocks, against a plain array of all that was ever written.
@Suite struct BacklogTests {
  private func read(_ backlog: Backlog, from offset: Int64) -> [UInt8] {
    var (bytes, at) = ([UInt8](), offset)
    while let block = backlog.block(at: at) {
      let part = block.bytes(from: at)
      bytes += Array(part)
      at += Int64(part.count)
    }
    return bytes
  }

  private func append(_ bytes: [UInt8], to backlog: inout Backlog) -> Bool { bytes.withBytes { backlog.append($0) } }

  @Test func anEmptyOneBeginsWhereItEnds() {
    let backlog = Backlog(size: 1 << 20, at: 77)
    #expect((backlog.start, backlog.end) == (77, 77))
    #expect(backlog.count == 0)
    #expect(backlog.block(at: 77) == nil)
    #expect(backlog.block(at: 76) == nil)
  }

  @Test func whatWasWrittenCanBeReadFromAnywhere() {
    var generator = SeededGenerator()
    for size in [16 << 10, 100_000, 1 << 20, 8 << 20] {
      var backlog = Backlog(size: size, at: 1000)
      var all: [UInt8] = []
      for _ in 0..<60 {
        let bytes = generator.bytes(count: generator.oneIn(5) ? Int.random(in: 0...200_000, using: &generator) : 20)
        _ = append(bytes, to: &backlog)
        all += bytes
        let needed = generator.oneIn(2) ? Int64.random(in: backlog.start...backlog.end, using: &generator) : nil
        let start = backlog.start
        backlog.trim(needed: needed, limit: Int.random(in: 0...8, using: &generator))
        #expect(backlog.start >= start && backlog.start <= needed ?? .max, "\(generator)")
        #expect(backlog.end == 1000 + Int64(all.count), "\(generator)")
        #expect(backlog.count >= min(size, all.count), "\(generator)")
      }
      for _ in 0..<20 {
        let offset = Int64.random(in: backlog.start...backlog.end, using: &generator)
        #expect(read(backlog, from: offset) == Array(all[Int(offset - 1000)...]), "\(generator)")
      }
      #expect(backlog.block(at: backlog.start - 1) == nil)
      backlog.trim(needed: nil, limit: .max)
      // A block and what it holds beyond, no more.
      #expect(backlog.count <= size + (128 << 10), "\(generator)")
    }
  }

  @Test func readersKeepWhatTheyNeed() {
    var backlog = Backlog(size: 16 << 10, at: 0)
    for _ in 0..<100 { _ = append([UInt8](repeating: 1, count: 10_000), to: &backlog) }
    backlog.trim(needed: 0, limit: .max)
    #expect(backlog.start == 0 && backlog.count == 1_000_000)
    backlog.trim(needed: 500_000, limit: .max)
    #expect(backlog.start <= 500_000 && backlog.start > 400_000)
    let memory = backlog.memory
    backlog.trim(needed: nil, limit: 2)
    #expect(backlog.memory < memory && backlog.start < 600_000)
    backlog.trim(needed: nil, limit: .max)
    #expect(backlog.count <= 3 * (16 << 10))
    #expect(backlog.memory <= 4 * (16 << 10))
    // With nobody left to read it, at least the last block stays.
    backlog.size = 1
    backlog.trim(needed: nil, limit: .max)
    #expect(backlog.blockCount == 1 && backlog.count > 0)
  }

  @Test func newBlocksAreTold() {
    var backlog = Backlog(size: 1, at: 0)
    #expect(append([1], to: &backlog))
    #expect(!append([UInt8](repeating: 0, count: (16 << 10) - 1), to: &backlog))
    #expect(!append([], to: &backlog))
    #expect(append([1, 2], to: &backlog))
    #expect(backlog.blockCount == 2)
  }

  // MARK: PSYNC

  @Test func partialResyncs() {
    var backlog = Backlog(size: 16 << 10, at: 100)
    _ = append([UInt8](repeating: 0, count: 50), to: &backlog)
    let (ours, former) = (String(repeating: "a", count: 40), String(repeating: "b", count: 40))
    func decide(_ id: String, _ offset: Int64, _ end: Int64? = 120, hasBacklog: Bool = true) -> PartialResync {
      .decide(
        id: id, offset: offset, historyID: ours, formerHistory: end.map { (former, $0) },
        backlog: hasBacklog ? backlog : nil, end: 150)
    }
    #expect(decide(ours, 101) == .accepted(100))
    #expect(decide(ours, 151) == .accepted(150))
    #expect(decide(ours.uppercased(), 130) == .accepted(129))
    #expect(decide(ours, 100) == .notInBacklog(isAheadOfUs: false))
    #expect(decide(ours, 152) == .notInBacklog(isAheadOfUs: true))
    #expect(decide(ours, .min) == .notInBacklog(isAheadOfUs: false))
    #expect(decide(ours, .max) == .notInBacklog(isAheadOfUs: true))
    #expect(decide(ours, 0) == .notInBacklog(isAheadOfUs: false))
    #expect(decide(ours, 130, hasBacklog: false) == .notInBacklog(isAheadOfUs: false))
    #expect(decide(former, 121) == .accepted(120))
    #expect(decide(former, 122) == .beyondFormerHistory)
    #expect(decide(former, 50) == .notInBacklog(isAheadOfUs: false))
    #expect(decide(former, 110, nil) == .otherHistory)
    #expect(decide(String(repeating: "0", count: 40), 110) == .otherHistory)
    #expect(decide("?", -1) == .notWanted)
    #expect(decide("", 1) == .otherHistory)
  }
}
