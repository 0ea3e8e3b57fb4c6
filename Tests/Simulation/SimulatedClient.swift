import Engine
import RESP
import VersionedStore

/// A client of one process of a server. What it has sent and was not answered before the process ended may have been done
/// or not.
final class SimulatedClient {
  private let life: Life
  private(set) var session: Session!
  private var parser = ReplyParser()
  /// What waits for answers, in the order of the commands.
  private var waiting: [(Reply?) -> Void] = []
  private(set) var isOver = false

  init(_ life: Life) {
    self.life = life
    session = life.open(self)
  }

  /// Commands that were sent and not answered.
  var unansweredCount: Int { waiting.count }

  /// Sends a command; `answer` gets the reply, or nil if there will be none.
  func send(_ words: [String], _ answer: @escaping (Reply?) -> Void = { _ in }) {
    guard !isOver else { return answer(nil) }
    var request: [UInt8] = []
    request.command(words.map { Array($0.utf8) })
    waiting.append(answer)
    life.receive(request, from: session)
  }

  /// Sends a command and has it executed at once, with all that has come from others. Nil if it is not answered now.
  func ask(_ words: String...) -> Reply? {
    var reply: Reply?
    send(words) { reply = $0 }
    life.tick()
    return reply
  }

  func receive(_ bytes: [UInt8]) {
    unsafe parser.append(bytes.span.bytes)
    do {
      while let reply = try parser.next() {
        guard !waiting.isEmpty else {
          return life.world.fail("\(life.server.name) answers what nobody asked: \(reply)")
        }
        waiting.removeFirst()(reply)
      }
    } catch {
      life.world.fail("\(life.server.name) answers with what is no reply: \(error)")
    }
  }

  func leave() {
    guard !isOver else { return }
    life.forget(session)
    serverEnded()
  }

  func serverEnded() {
    guard !isOver else { return }
    isOver = true
    let unanswered = waiting
    waiting = []
    for answer in unanswered { answer(nil) }
  }
}
