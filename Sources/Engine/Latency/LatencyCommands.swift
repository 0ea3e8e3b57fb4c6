internal import RESP
internal import Values
internal import VersionedStore

/// LATENCY: when the server was slow, and how long each command takes. Behaviour and reply texts follow Redis 7.0.
enum LatencyCommands {
  static let all = [latency]

  private static let flags: CommandFlags = [.admin, .noScript, .loading, .stale]

  static let latency = Command(
    "latency", arity: .atLeast(2), group: .server, since: "2.8.13", complexity: "Depends on subcommand.",
    "Container for commands about delays.", subcommands: [doctor, graph, help, histogram, history, latest, reset])

  private static let history = Command(
    "history", arity: .exactly(3), flags: flags, group: .server, since: "2.8.13",
    "Shows when an event took long, and how long.",
    .control { call, engine throws(CommandError) in
      let samples = LatencyMonitor.Event(call[2]).flatMap { engine.latency[$0]?.samples } ?? []
      call.reply.arrayHeader(samples.count)
      for sample in samples {
        call.reply.arrayHeader(2)
        call.reply.integer(Int(sample.second))
        call.reply.integer(Int(sample.milliseconds))
      }
    })

  private static let latest = Command(
    "latest", arity: .exactly(2), flags: flags, group: .server, since: "2.8.13",
    "Shows for each event when it took long the last time.",
    .control { call, engine throws(CommandError) in
      let all = engine.latency.all
      call.reply.arrayHeader(all.count)
      for (event, series) in all {
        call.reply.arrayHeader(4)
        call.reply.bulk(event.rawValue)
        call.reply.integer(Int(series.samples.last?.second ?? 0))
        call.reply.integer(Int(series.samples.last?.milliseconds ?? 0))
        call.reply.integer(Int(series.worst))
      }
    })

  private static let graph = Command(
    "graph", arity: .exactly(3), flags: flags, group: .server, since: "2.8.13",
    "Draws when an event took long, and how long.",
    .control { call, engine throws(CommandError) in
      guard let event = LatencyMonitor.Event(call[2]), let series = engine.latency[event] else {
        throw call.refuse("ERR No samples available for event '", call[2], "'")
      }
      call.reply.verbatim(LatencyGraph(event: event.rawValue, series: series, now: call.now / 1000).text)
    })

  private static let doctor = Command(
    "doctor", arity: .exactly(2), flags: flags, group: .server, since: "2.8.13",
    "Tells what took long, and what may be done about it.",
    .control { call, engine throws(CommandError) in
      call.reply.verbatim(
        LatencyDoctor(monitor: engine.latency, settings: engine.settings, now: call.now / 1000).report)
    })

  private static let reset = Command(
    "reset", arity: .atLeast(2), flags: flags, group: .server, since: "2.8.13",
    "Forgets when events took long, of all of them or of some.",
    .control { call, engine throws(CommandError) in
      if call.count == 2 { return call.reply.integer(engine.latency.reset()) }
      var count = 0
      for index in 2..<call.count {
        let name = String(decoding: call[index], as: UTF8.self).lowercased()
        if let event = LatencyMonitor.Event(rawValue: name), engine.latency.reset(event) { count += 1 }
      }
      call.reply.integer(count)
    })

  private static let histogram = Command(
    "histogram", arity: .atLeast(2), flags: flags, group: .server, since: "7.0.0",
    complexity: "O(N) where N is the number of commands shown",
    "Tells how many calls of each command took how long.",
    .control { call, engine throws(CommandError) in
      let chosen =
        call.count == 2
        ? engine.commands.all : (2..<call.count).compactMap { engine.commands.find(fullName: call[$0]) }
      let records = chosen.flatMap { [$0] + $0.value.subcommands }.filter { $0.value.callCount > 0 }
      call.reply.mapHeader(records.count)
      for record in records {
        call.reply.bulk(record.value.fullName)
        call.reply.mapHeader(2)
        call.reply.bulk("calls")
        call.reply.integer(record.value.callCount)
        call.reply.bulk("histogram_usec")
        let points = record.value.latencies?.cumulative ?? []
        call.reply.mapHeader(points.count)
        for point in points {
          call.reply.integer(point.microseconds)
          call.reply.integer(point.callCount)
        }
      }
    })

  private static let help = Command(
    "help", arity: .exactly(2), flags: [.loading, .stale], group: .server, since: "2.8.13", "Lists the subcommands.",
    .control { call, _ throws(CommandError) in
      call.help([
        "DOCTOR",
        "    Tell what took long, and what may be done about it.",
        "GRAPH <event>",
        "    Draw when <event> took long, and how long.",
        "HISTORY <event>",
        "    Show when <event> took long, and how long.",
        "LATEST",
        "    Show for each event when it took long the last time.",
        "RESET [<event> ...]",
        "    Forget when events took long, of all of them or of some.",
        "HISTOGRAM [<command> ...]",
        "    Tell how many calls of each command, or of some, took how long.",
      ])
    })
}

extension LatencyMonitor.Event {
  fileprivate init?(_ name: Bytes) { self.init(rawValue: String(decoding: name, as: UTF8.self)) }
}

extension CommandRecord {
  /// The calls whose times are known.
  var callCount: Int { latencies?.callCount ?? 0 }
}
