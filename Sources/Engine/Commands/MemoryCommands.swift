internal import RESP
internal import Values
internal import VersionedStore

/// MEMORY: where it went. Reply forms follow Redis 7.0.
enum MemoryCommands {
  static let all = [memory]

  static let memory = Command(
    "memory", arity: .atLeast(2), group: .server, since: "4.0.0", complexity: "Depends on subcommand.",
    "Container for commands about memory.", subcommands: [doctor, help, mallocStats, purge, stats, usage])

  private static let usage = Command(
    "usage", arity: .atLeast(3), flags: [.readOnly], keys: [.one([.readOnly], at: 2)], group: .server, since: "4.0.0",
    "Tells how many bytes a key and its value take.",
    .read { call, view throws(CommandError) in
      var index = 3
      while index < call.count {
        guard call.matches(index, "samples"), index + 1 < call.count else { throw .syntax }
        // A string is one allocation or two: there is nothing to sample.
        guard try call.integer(index + 1) >= 0 else { throw .syntax }
        index += 2
      }
      guard let entry = view.find(call.key(2), quietly: true) else { return call.reply.null() }
      // The slot of the trie that names the entry is part of what it costs.
      call.reply.integer(entry.allocatedBytes + MemoryLayout<UInt64>.size)
    })

  private static let stats = Command(
    "stats", arity: .exactly(2), group: .server, since: "4.0.0", "Tells what the server's memory is used for.",
    .control { call, engine throws(CommandError) in writeStats(engine, &call.reply) })

  private static func writeStats(_ engine: Engine, _ reply: inout ReplyWriter) {
    let (figures, scripting, feed) = (MemoryFigures(engine), engine.scripting(), engine.replicaHooks.figures())
    let sizes: [(StaticString, Int)] = [
      ("peak.allocated", figures.peak),
      ("total.allocated", figures.allocated),
      ("startup.allocated", figures.startup),
      ("replication.backlog", feed.backlogMemory),
      ("clients.slaves", feed.replicaMemory),
      ("clients.normal", figures.clients),
      ("cluster.links", 0),
      ("aof.buffer", engine.persistence.log.bufferCapacity),
      ("lua.caches", scripting.scriptBytes),
      ("functions.caches", scripting.functionBytes),
      ("overhead.total", figures.overhead),
      ("keys.count", figures.keyCount),
      ("keys.bytes-per-key", figures.bytesPerKey),
      ("dataset.bytes", figures.dataset),
      ("dataset.live.bytes", figures.live),
      ("allocator.allocated", figures.process.allocated),
      ("allocator.active", figures.process.active),
      ("allocator.resident", figures.process.resident),
    ]
    let percentages: [(StaticString, Double)] = [
      ("dataset.percentage", figures.datasetPercentage), ("peak.percentage", figures.peakPercentage),
    ]
    let gaps: [(ratio: StaticString, bytes: StaticString, MemoryFigures.Gap)] = [
      ("allocator-fragmentation.ratio", "allocator-fragmentation.bytes", figures.allocatorFragmentation),
      ("allocator-rss.ratio", "allocator-rss.bytes", figures.allocatorResident),
      ("rss-overhead.ratio", "rss-overhead.bytes", figures.residentOverhead),
      ("fragmentation", "fragmentation.bytes", figures.fragmentation),
    ]
    reply.mapHeader(sizes.count + percentages.count + 2 * gaps.count)
    for (name, size) in sizes {
      reply.bulk(name)
      reply.integer(size)
    }
    for (name, percentage) in percentages {
      reply.bulk(name)
      reply.double(percentage)
    }
    for (ratio, bytes, gap) in gaps {
      reply.bulk(ratio)
      reply.double(gap.ratio)
      reply.bulk(bytes)
      reply.integer(gap.bytes)
    }
  }

  private static let mallocStats = Command(
    "malloc-stats", arity: .exactly(2), group: .server, since: "4.0.0",
    complexity: "Depends on how much memory is allocated", "Shows what the allocator tells of itself.",
    .control { call, _ throws(CommandError) in
      let report = ProcessMemory.allocatorReport()
      unsafe call.reply.verbatim(report.span.bytes)
    })

  private static let doctor = Command(
    "doctor", arity: .exactly(2), group: .server, since: "4.0.0", "Looks for what is wrong with the server's memory.",
    .control { call, engine throws(CommandError) in
      call.reply.verbatim(MemoryDoctor.report(MemoryFigures(engine)))
    })

  private static let purge = Command(
    "purge", arity: .exactly(2), group: .server, since: "4.0.0",
    complexity: "Depends on how many pages are free", "Gives free pages back to the system.",
    .control { call, _ throws(CommandError) in
      ProcessMemory.purge()
      call.reply.ok()
    })

  private static let help = Command(
    "help", arity: .exactly(2), flags: [.loading, .stale], group: .server, since: "4.0.0", "Lists the subcommands.",
    .control { call, _ throws(CommandError) in
      call.help([
        "DOCTOR",
        "    Look for what is wrong with the server's memory.",
        "MALLOC-STATS",
        "    Show what the allocator tells of itself.",
        "PURGE",
        "    Give free pages back to the system.",
        "STATS",
        "    Tell what the server's memory is used for.",
        "USAGE <key> [SAMPLES <count>]",
        "    Tell how many bytes <key> and its value take.",
      ])
    })
}
