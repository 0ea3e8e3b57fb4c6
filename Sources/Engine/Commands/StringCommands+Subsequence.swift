internal import RESP
internal import Values
internal import VersionedStore

extension StringCommands {
  static let lcs = Command(
    "lcs", arity: .atLeast(3), flags: [.readOnly], categories: [.string],
    keys: [KeySpecification(.index(1), .range(last: 1, step: 1, limit: 0), [.readOnly, .access])], group: .string,
    since: "7.0.0", complexity: "O(N*M) for strings of N and M bytes.",
    "Answers with the longest common subsequence of two strings, its length, or where it stands.",
    .read { call, view throws(CommandError) in
      let first = view.find(call.key(1))
      let second = view.find(call.key(2))
      guard first?.type ?? .string == .string, second?.type ?? .string == .string else { throw .notStrings }
      let options = try SubsequenceOptions(call)
      let (a, b) = (first.map { StringReader($0) } ?? .init(), second.map { StringReader($0) } ?? .init())
      let tableLimit = call.keyspace.settings.protoMaxBulkLen
      do throws(LongestCommonSubsequence.Failure) {
        // Before strings in chunks are put together for it.
        try LongestCommonSubsequence.check(a.count, b.count, tableLimit: tableLimit)
        try a.withBytes { a throws(LongestCommonSubsequence.Failure) in
          try b.withBytes { b throws(LongestCommonSubsequence.Failure) in
            try options.answer(&call, a, b, tableLimit: tableLimit)
          }
        }
      } catch {
        throw CommandError(error)
      }
    })
}

/// What may follow the keys in LCS.
private struct SubsequenceOptions {
  private var answersLength = false
  private var answersMatches = false
  private var answersMatchLengths = false
  private var leastMatch: Int64 = 0

  init(_ call: borrowing Call) throws(CommandError) {
    var index = 3
    while index < call.count {
      if call.matches(index, "idx") {
        answersMatches = true
      } else if call.matches(index, "len") {
        answersLength = true
      } else if call.matches(index, "withmatchlen") {
        answersMatchLengths = true
      } else if call.matches(index, "minmatchlen"), index + 1 < call.count {
        leastMatch = try call.integer(index + 1)
        index += 1
      } else {
        throw .syntax
      }
      index += 1
    }
    if answersLength, answersMatches { throw .lengthAndMatches }
  }

  func answer(
    _ call: inout Call, _ a: Bytes, _ b: Bytes, tableLimit: Int
  ) throws(LongestCommonSubsequence.Failure) {
    if answersLength {
      call.reply.integer(try LongestCommonSubsequence.length(of: a, and: b, tableLimit: tableLimit))
      return
    }
    let subsequence = try LongestCommonSubsequence(of: a, and: b, tableLimit: tableLimit)
    guard answersMatches else { return call.reply.bulk(subsequence.bytes(from: a)) }
    let matches = subsequence.matches.filter { $0.first.count >= leastMatch }
    call.reply.mapHeader(2)
    call.reply.bulk("matches")
    call.reply.arrayHeader(matches.count)
    for match in matches { answer(&call, match) }
    call.reply.bulk("len")
    call.reply.integer(subsequence.length)
  }

  private func answer(_ call: inout Call, _ match: LongestCommonSubsequence.Match) {
    call.reply.arrayHeader(answersMatchLengths ? 3 : 2)
    for range in [match.first, match.second] {
      call.reply.arrayHeader(2)
      call.reply.integer(range.lowerBound)
      call.reply.integer(range.upperBound - 1)
    }
    if answersMatchLengths { call.reply.integer(match.first.count) }
  }
}

extension CommandError {
  fileprivate init(_ failure: LongestCommonSubsequence.Failure) {
    switch failure {
    case .stringTooLong: self = .subsequenceStringTooLong
    case .exceedsLimit: self = .subsequenceTableTooLarge
    case .cannotAllocate: self = .subsequenceTableFailed
    }
  }
}
