import TestSupport
import Testing
import Values
import VersionedStore

@Suite struct LongestCommonSubsequenceTests {
  @Test func findsTheManualsExample() throws {
    let found = try matches("ohmytext", "mynewtext")
    #expect(found.text == "mytext")
    #expect(found.matches == [[4..<8, 5..<9], [2..<4, 0..<2]])
  }

  @Test(arguments: [("", ""), ("a", ""), ("", "a"), ("a", "b")])
  func findsNothing(a: String, b: String) throws {
    let found = try matches(a, b)
    #expect(found.matches.isEmpty && found.text == "" && found.length == 0)
  }

  /// Against the table of numbers, over alphabets of 1 to 6 letters and strings that span several words.
  @Test func agreesWithThePlainTable() throws {
    var random = SeededGenerator()
    for round in 0..<600 {
      let alphabet = String("abcdef".prefix(Int.random(in: 1...6, using: &random)))
      let limit = round.isMultiple(of: 4) ? 200 : 12
      let a = random.text(over: alphabet, upTo: limit)
      let b = random.text(over: alphabet, upTo: limit)
      let found = try matches(a, b)
      let expected = plain(Array(a.utf8), Array(b.utf8))
      #expect(found.matches == expected, "\(random), \(a), \(b)")
      #expect(found.length == expected.reduce(0) { $0 + $1[0].count }, "\(random)")
      #expect(found.length == found.text.utf8.count, "\(random)")
    }
  }

  @Test func checksTheTableBeforeTakingMemory() throws {
    let cells = 11 * 21 * 4
    try [UInt8](repeating: 1, count: 10).withBytes { (a) throws in
      try [UInt8](repeating: 1, count: 20).withBytes { (b) throws in
        #expect(try LongestCommonSubsequence.length(of: a, and: b, tableLimit: cells) == 10)
        #expect(throws: LongestCommonSubsequence.Failure.exceedsLimit) {
          try LongestCommonSubsequence.length(of: a, and: b, tableLimit: cells - 1)
        }
        #expect(throws: LongestCommonSubsequence.Failure.exceedsLimit) {
          try LongestCommonSubsequence(of: a, and: b, tableLimit: -1)
        }
      }
    }
  }

  /// Each match as its range in `a` and its range in `b`.
  private func matches(
    _ a: String, _ b: String
  ) throws -> (matches: [[Range<Int>]], text: String, length: Int) {
    try Array(a.utf8).withBytes { (a) throws in
      try Array(b.utf8).withBytes { (b) throws in
        let found = try LongestCommonSubsequence(of: a, and: b, tableLimit: 1 << 20)
        let length = try LongestCommonSubsequence.length(of: a, and: b, tableLimit: 1 << 20)
        #expect(found.length == length)
        return (
          found.matches.map { [$0.first, $0.second] }, String(decoding: found.bytes(from: a), as: UTF8.self), length
        )
      }
    }
  }

  private func plain(_ a: [UInt8], _ b: [UInt8]) -> [[Range<Int>]] {
    var table = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
    for i in a.indices {
      for j in b.indices {
        table[i + 1][j + 1] = a[i] == b[j] ? table[i][j] + 1 : max(table[i][j + 1], table[i + 1][j])
      }
    }
    var pairs: [(Int, Int)] = []
    var (i, j) = (a.count, b.count)
    while i > 0, j > 0 {
      if a[i - 1] == b[j - 1] {
        (i, j) = (i - 1, j - 1)
        pairs.append((i, j))
      } else if table[i - 1][j] > table[i][j - 1] {
        i -= 1
      } else {
        j -= 1
      }
    }
    var matches: [[Range<Int>]] = []
    for (i, j) in pairs {
      if let last = matches.last, last[0].lowerBound == i + 1, last[1].lowerBound == j + 1 {
        matches[matches.count - 1] = [i..<last[0].upperBound, j..<last[1].upperBound]
      } else {
        matches.append([i..<i + 1, j..<j + 1])
      }
    }
    return matches
  }
}
