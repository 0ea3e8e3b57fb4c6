internal import RESP
internal import Values
internal import VersionedStore

/// Numbers of different elements, estimated in 12 kB. Behaviour, reply texts and the bytes that are stored follow Redis 7.0.
enum HyperLogLogCommands {
  static let all = [pfadd, pfcount, pfmerge, pfdebug, pfselftest]

  static let pfadd = Command(
    "pfadd", arity: .atLeast(2), flags: [.write, .denyOOM, .fast], categories: [.hyperLogLog],
    keys: [.one([.readWrite, .insert])], group: .hyperloglog, since: "2.8.9", "Counts elements.",
    .write { call, edit throws(CommandError) in
      let key = call.key(1)
      let entry = edit.find(key)
      var log = try entry.map { entry throws(CommandError) in try HyperLogLog(of: entry) } ?? HyperLogLog()
      var updated = entry == nil ? 1 : 0
      for index in 2..<call.count {
        guard let isNew = log.add(call[index], sparseLimit: edit.limits.hyperLogLogSparseBytes) else {
          throw .corruptHyperLogLog
        }
        if isNew { updated += 1 }
      }
      if updated > 0 {
        log.invalidateCardinality()
        store(log, key, edit, expiry: entry?.expiry)
        edit.changed(key, .string("pfadd"), count: updated)
      }
      call.reply.integer(updated > 0 ? 1 : 0)
    })

  private static func store(_ log: HyperLogLog, _ key: Key, _ edit: Edit, expiry: Int64?) {
    edit.putRawString(key, log.bytes, expiry: expiry)
  }

  static let pfcount = Command(
    "pfcount", arity: .atLeast(2), flags: [.readOnly, .mayReplicate], categories: [.hyperLogLog],
    keys: [
      KeySpecification(
        .index(1), .range(last: -1, step: 1, limit: 0), [.readWrite, .access],
        notes: "RW because it may change the internal representation of the key, and propagate to replicas")
    ], group: .hyperloglog, since: "2.8.9", complexity: "O(N) for N keys.", "Estimates how many elements were counted.",
    .control { call, engine throws(CommandError) in
      let view = engine.view(for: call.session)
      guard call.count > 2 else { return try countOne(&call, view, engine) }
      var registers = HyperLogLog.Registers()
      for index in 1..<call.count {
        guard let entry = view.find(call.key(index)) else { continue }
        guard try HyperLogLog(of: entry).merge(into: &registers) else { throw .corruptHyperLogLog }
      }
      call.reply.integer(Int(registers.estimate))
    })

  private static func countOne(_ call: inout Call, _ view: ReadView, _ engine: Engine) throws(CommandError) {
    let key = call.key(1)
    let edit = engine.edit(for: call.session)
    // In the primary's stream nothing has expired before the primary says so.
    guard let entry = call.session.isPrimary ? edit.find(key) : view.find(key) else { return call.reply.integer(0) }
    var log = try HyperLogLog(of: entry)
    if let cached = log.cardinality { return call.reply.integer(Int(truncatingIfNeeded: cached)) }
    var registers = HyperLogLog.Registers()
    guard log.merge(into: &registers) else { throw .corruptHyperLogLog }
    let estimate = registers.estimate
    call.reply.integer(Int(truncatingIfNeeded: estimate))
    // The estimate is kept with the value, unless an old version is being read. A replica leaves that to its primary, whose
    // dataset it has: what is asked of it is no change.
    guard view.isLive, call.session.isPrimary || !engine.isReplica else { return }
    log.setCardinality(estimate)
    store(log, key, edit, expiry: entry.expiry)
    edit.changed()
    edit.touched(key)
    engine.effects.tellCommand()
  }

  static let pfmerge = Command(
    "pfmerge", arity: .atLeast(2), flags: [.write, .denyOOM], categories: [.hyperLogLog],
    keys: [
      .one([.readWrite, .access, .insert]),
      KeySpecification(.index(2), .range(last: -1, step: 1, limit: 0), [.readOnly, .access]),
    ], group: .hyperloglog, since: "2.8.9", complexity: "O(N) for N keys.", "Merges counts.",
    .write { call, edit throws(CommandError) in
      var registers = HyperLogLog.Registers()
      var isDense = false
      for index in 1..<call.count {
        guard let entry = edit.read(call.key(index)) else { continue }
        let log = try HyperLogLog(of: entry)
        if log.isDense { isDense = true }
        guard log.merge(into: &registers) else { throw .corruptHyperLogLog }
      }
      let target = edit.find(call.key(1))
      var log = try target.map { entry throws(CommandError) in try HyperLogLog(of: entry) } ?? HyperLogLog()
      if isDense, !log.makeDense() { throw .corruptHyperLogLog }
      guard log.take(registers, sparseLimit: edit.limits.hyperLogLogSparseBytes) else { throw .corruptHyperLogLog }
      log.invalidateCardinality()
      store(log, call.key(1), edit, expiry: target?.expiry)
      edit.changed(call.key(1), .string("pfadd"))
      call.reply.ok()
    })

  static let pfdebug = Command(
    "pfdebug", arity: .exactly(3), flags: [.write, .denyOOM, .admin], categories: [.hyperLogLog],
    keys: [.one([.readWrite, .access], at: 2)], group: .hyperloglog, since: "2.8.9", complexity: "N/A",
    "Tells how a count is stored.",
    .write { call, edit throws(CommandError) in
      guard let entry = edit.find(call.key(2)) else {
        throw call.refuse("ERR The specified key does not exist")
      }
      var log = try HyperLogLog(of: entry)
      if call.matches(1, "getreg") {
        let expiry = entry.expiry
        if !log.isDense {
          guard log.makeDense() else { throw .corruptHyperLogLog }
          store(log, call.key(2), edit, expiry: expiry)
          edit.changed()
        }
        var registers = HyperLogLog.Registers()
        _ = log.merge(into: &registers)
        call.reply.arrayHeader(HyperLogLog.registerCount)
        for index in 0..<HyperLogLog.registerCount { call.reply.integer(Int(registers[index])) }
      } else if call.matches(1, "decode") {
        guard let text = log.sparseText else { throw call.refuse("ERR HLL encoding is not sparse") }
        call.reply.bulk(text)
      } else if call.matches(1, "encoding") {
        call.reply.simpleString(log.isDense ? "dense" : "sparse")
      } else if call.matches(1, "todense") {
        let (wasSparse, expiry) = (!log.isDense, entry.expiry)
        if wasSparse {
          guard log.makeDense() else { throw .corruptHyperLogLog }
          store(log, call.key(2), edit, expiry: expiry)
          edit.changed()
        }
        call.reply.integer(wasSparse ? 1 : 0)
      } else {
        throw call.refuse("ERR Unknown PFDEBUG subcommand '", quoting: call[1], "'")
      }
    })

  static let pfselftest = Command(
    "pfselftest", arity: .exactly(1), flags: [.admin], categories: [.hyperLogLog], group: .hyperloglog, since: "2.8.9",
    complexity: "N/A", "Tests the estimates.",
    .control { call, engine throws(CommandError) in
      if let failure = HyperLogLog.selfTest() { throw call.refuse("ERR TESTFAILED \(failure)") }
      call.reply.ok()
    })
}

extension HyperLogLog {
  init(of entry: Entry) throws(CommandError) {
    guard let log = HyperLogLog(try entry.string) else { throw .notHyperLogLog }
    self = log
  }
}
