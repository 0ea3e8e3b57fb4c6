internal import VersionedStore

/// What is to be told of the server's memory, by INFO, MEMORY STATS and MEMORY DOCTOR alike.
///
/// Every arena counts its own bytes, so the dataset is what the arenas hold (the versions included), and all that the
/// process took besides is overhead.
struct MemoryFigures {
  let process = ProcessMemory.now()
  let residentSetSize = ProcessMemory.residentSetSize()
  let peak: Int
  let startup: Int
  /// Bytes of all datasets.
  let dataset: Int
  /// Bytes of the live dataset alone.
  let live: Int
  /// Input and output of clients.
  let clients: Int
  let clientCount: Int
  let keyCount: Int

  init(_ engine: Engine) {
    engine.peakMemory.note(process.allocated)
    peak = engine.peakMemory.bytes
    startup = engine.peakMemory.startupBytes
    dataset = engine.keyspace.history.allocatedBytes
    live = engine.keyspace.history.liveBytes
    clients = engine.sessions.values.reduce(0) { $0 + ($1.isPrimary || $1.isReplica ? 0 : engine.memory(of: $1)) }
    clientCount = engine.sessions.count
    let root = engine.keyspace.live.head
    keyCount = (0..<root.databaseCount).reduce(0) { $0 + root.keyCount($1) }
  }

  var allocated: Int { process.allocated }
  var overhead: Int { max(allocated - dataset, 0) }
  var peakPercentage: Double { 100 * Self.ratio(allocated, peak) }
  /// Share of the dataset in what was taken since the start.
  var datasetPercentage: Double { min(100 * Self.ratio(dataset, max(allocated - startup, dataset)), 100) }
  var bytesPerKey: Int { keyCount == 0 ? 0 : live / keyCount }

  /// Pages against what stands on them.
  var allocatorFragmentation: Gap { Gap(process.active, over: process.allocated) }
  /// Pages that the allocator keeps against those that it uses.
  var allocatorResident: Gap { Gap(process.resident, over: process.active) }
  /// The process against its allocator.
  var residentOverhead: Gap { Gap(residentSetSize, over: process.resident) }
  /// The process against what it asked for.
  var fragmentation: Gap { Gap(residentSetSize, over: process.allocated) }

  /// How far one size lies above another.
  struct Gap {
    let ratio: Double
    let bytes: Int

    init(_ size: Int, over base: Int) {
      ratio = MemoryFigures.ratio(size, base)
      bytes = size - base
    }
  }

  private static func ratio(_ a: Int, _ b: Int) -> Double { b == 0 ? 0 : Double(a) / Double(b) }
}

extension Session {
  /// Bytes of memory for output, whether it waits here or with the transport.
  var outputMemory: Int { output.capacity + unsentByteCount }
}
