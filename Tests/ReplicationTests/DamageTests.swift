import Replication
import TestSupport
import Testing

/// A whole conversation, damaged anywhere: the link may fail, but not crash, nor let through another dataset.
@Suite struct DamageTests {
  static let conversation =
    Array(
      "+PONG\r\n\(ScriptedLink.bulk(ScriptedLink.information))+OK\r\n+OK\r\n+FULLRESYNC \(SnapshotText.id) 1000\r\n"
        .utf8)
    + Array("$EOF:\(ScriptedLink.mark)\r\n".utf8) + SnapshotText.file + Array(ScriptedLink.mark.utf8)
    + Array((StreamTests.set + StreamTests.getAcknowledgement + StreamTests.ping).utf8)

  @Test func onlyTheTrueDatasetGoesLive() {
    var random = SeededGenerator()
    var committedCount = 0
    for _ in 0..<20_000 {
      var damaged = Self.conversation
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let index = Int.random(in: 0..<damaged.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: damaged[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: damaged[index] = Array("*$+-0\r\n".utf8).randomElement(using: &random)!
        case 2: damaged.insert(damaged[Int.random(in: 0..<damaged.count, using: &random)], at: index)
        default: damaged.remove(at: index)
        }
      }
      var script = ScriptedLink()
      script.start()
      script.connect()
      for piece in random.pieces(of: damaged) {
        script.receive(Array(piece))
        if script.link.state == .committing {
          script.commit()
          committedCount += 1
        }
      }
      let isTrue = script.live == SnapshotText.keys || script.live == ["0 old": "kept"]
      #expect(isTrue, "\(random): \(script.live)")
    }
    #expect((1..<20_000).contains(committedCount), "\(random)")
  }
}
