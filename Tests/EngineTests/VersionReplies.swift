import Engine
import RESP
import TestSupport
import Testing

extension Reply {
  /// The fields of a map, or of the flat array that stands for one in RESP2.
  var fields: [String: Reply] {
    switch self {
    case .map(let pairs):
      return Dictionary(uniqueKeysWithValues: pairs.map { ($0.key.text ?? "", $0.value) })
    case .array(let items):
      let pairs = stride(from: 0, to: items.count - 1, by: 2).map { (items[$0].text ?? "", items[$0 + 1]) }
      return Dictionary(uniqueKeysWithValues: pairs)
    default:
      return [:]
    }
  }

  var elements: [Reply] {
    if case .array(let items) = self { return items }
    return []
  }

  var number: Int? {
    if case .integer(let number) = self { return number }
    return nil
  }

  var errorText: String? {
    if case .error(let text) = self { return text }
    return nil
  }
}

extension EngineHarness {
  /// Gives the clock a push and the engine a turn without input.
  func wait(milliseconds: Int) {
    clock.advance(milliseconds: milliseconds)
    engine.tick(nowMicroseconds: Int64(clock.milliseconds) * 1000)
  }

  /// Turns without input until nothing waits to be done.
  func settle() {
    while engine.wantsTick { wait(milliseconds: 0) }
  }

  /// The cron, and the turns that it asks for.
  func cron(afterMilliseconds milliseconds: Int) {
    clock.advance(milliseconds: milliseconds)
    engine.cron(nowMicroseconds: Int64(clock.milliseconds) * 1000)
    settle()
  }

  /// Names or, where there are none, ids of all versions.
  func versionNames() throws -> [String] {
    try run("VERSION", "LIST").elements.map { $0.fields["name"]?.text ?? "\($0.fields["id"]?.number ?? -1)" }
  }
}
