import Testing

@testable import Server

/// `oom-score-adj`, with a file in the place of the kernel's.
struct OOMScoreTests {
  private let file: TemporaryFile
  private let score: OOMScore
  private let settings = ServerSettings()

  init() throws {
    file = try TemporaryFile("20\n")
    score = OOMScore(path: file.path)
  }

  private func apply(_ mode: OOMScore.Mode, _ values: [Int], isReplica: Bool = false) throws -> String {
    settings.oomScoreAdj = mode
    settings.oomScoreAdjValues = values
    try score.apply(settings, isReplica: isReplica)
    return try file.text
  }

  @Test func isLeftAloneUntilItIsAskedFor() throws {
    #expect(try apply(.no, [1, 2, 3]) == "20\n")
    try file.write("22\n")
    #expect(try apply(.no, [4, 5, 6]) == "22\n")
  }

  @Test func followsTheRoleAndTheValues() throws {
    #expect(try apply(.yes, [10, 200, 300]) == "30\n")
    #expect(try apply(.yes, [10, 200, 300], isReplica: true) == "220\n")
    #expect(try apply(.absolute, [10, 200, 300]) == "10\n")
    #expect(try apply(.yes, [2000, 200, 300]) == "1000\n")
    #expect(try apply(.yes, [-2000, 200, 300]) == "-1000\n")
    #expect(try apply(.no, [10, 200, 300]) == "20\n")
    // What others have set meanwhile is the new base.
    try file.write("7\n")
    #expect(try apply(.yes, [1, 2, 3]) == "8\n")
  }

  @Test func whatCannotBeWrittenIsSaid() {
    let nowhere = OOMScore(path: "/nowhere/oom_score_adj")
    settings.oomScoreAdj = .yes
    #expect(throws: Files.Failure.self) { try nowhere.apply(settings, isReplica: false) }
  }
}
