internal import RESP
internal import Values
internal import VersionedStore

/// What concerns the server as a whole. Behaviour and reply texts follow Redis 7.0.
enum ServerCommands {
  static let all = [info, time, shutdown, lolwut]

  static let info = Command(
    "info", arity: .atLeast(1), flags: [.loading, .stale], categories: [.dangerous], group: .server, since: "1.0.0",
    "Describes the server and its counters, by sections.",
    .control { call, engine throws(CommandError) in
      let names = (1..<call.count).map { String(decoding: call[$0], as: UTF8.self).lowercased() }
      call.reply.verbatim(InfoReport(engine).text(names))
    })

  static let time = Command(
    "time", arity: .exactly(1), flags: [.loading, .stale, .fast], group: .server, since: "2.6.0",
    "Tells the time as seconds and microseconds since 1970.",
    .control { call, engine throws(CommandError) in
      call.reply.arrayHeader(2)
      // For all else the time stands still while a script runs.
      let now = engine.nowMicroseconds + (engine.script.map { (engine.monotonicNow - $0.began) / 1000 } ?? 0)
      call.reply.bulk(Int(now / 1_000_000))
      call.reply.bulk(Int(now % 1_000_000))
    })

  static let shutdown = Command(
    "shutdown", arity: .atLeast(1), flags: [.admin, .noScript, .loading, .stale, .noMulti, .allowBusy],
    group: .server, since: "1.0.0", complexity: "O(1), or O(N) in the number of keys when the dataset is saved",
    "Ends the server.",
    .control { call, engine throws(CommandError) in
      var request = try ShutdownRequest(call)
      if request.abort {
        guard engine.abortShutdown() else { throw call.refuse("ERR No shutdown in progress.") }
        return call.reply.ok()
      }
      guard request.now || !call.session.isForScripts else {
        throw call.refuse("ERR SHUTDOWN without NOW or ABORT isn't allowed for DENY BLOCKING client")
      }
      if let script = engine.script {
        guard request.saves == false else { throw call.refuse(Engine.busyText(script.kind)) }
        engine.endScriptForShutdown()
        // What it had done so far is told to nobody, so that nobody need be waited for.
        request.now = true
      }
      switch engine.beginShutdown(request) {
      case .ends: break  // the end of the connection is the answer
      case .waits: engine.waitForShutdown(call.session)
      case .refused: throw call.refuse(Engine.shutdownFailed)
      }
    })

  static let lolwut = Command(
    "lolwut", arity: .atLeast(1), flags: [.readOnly, .fast], group: .server, since: "5.0.0",
    "Draws the rings of a tree.",
    .control { call, engine throws(CommandError) in
      var index = 1
      if call.count >= 3, call.matches(1, "version") {
        // There is one picture, whichever version is asked for.
        _ = try call.integer(2)
        index = 3
      }
      let radius = index < call.count ? try call.integer(index) : Int64(TreeRings.usualRadius)
      call.reply.verbatim(
        TreeRings(radius: Int(clamping: radius), seed: UInt64(bitPattern: engine.nowMicroseconds)).picture
          + "Cambium \(ServerIdentity.version), Redis ver. \(ServerIdentity.redisVersion)\n")
    })
}

extension ShutdownRequest {
  fileprivate init(_ call: Call) throws(CommandError) {
    self.init()
    var isAlone = true
    for index in 1..<call.count {
      if call.matches(index, "abort") {
        abort = true
        continue
      }
      isAlone = false
      let saves = call.matches(index, "save")
      if saves || call.matches(index, "nosave") {
        guard self.saves == nil || self.saves == saves else { throw .syntax }
        self.saves = saves
      } else if call.matches(index, "now") {
        now = true
      } else if call.matches(index, "force") {
        force = true
      } else {
        throw .syntax
      }
    }
    guard !abort || isAlone else { throw .syntax }
  }
}
