internal import Engine
internal import RESP
internal import Values
internal import VersionedStore

/// PSYNC, SYNC and REPLCONF: what replicas say to their primary. Behaviour, replies and log lines follow Redis 7.0.
struct PrimaryCommands {
  private let controller: ReplicationController

  init(_ controller: ReplicationController) { self.controller = controller }

  var all: [Command] { [partialSync, sync, configure] }

  private static let flags: CommandFlags = [.admin, .noScript, .noAsyncLoading, .noMulti]

  private var partialSync: Command {
    Command(
      "psync", arity: .atLeast(3), flags: Self.flags, group: .server, since: "2.8.0",
      "Makes the connection that of a replica, which goes on where it was, if that can be.",
      .control { [self] call, engine throws(CommandError) in
        guard try admit(&call, engine, isPartial: true) else { return }
        guard let offset = Int64(text: call[2]) else {
          engine.log(
            .warning, "Replica \(name(call.session)) asks for synchronization but with a wrong offset")
          throw .notInteger
        }
        let id = String(decoding: call[1], as: UTF8.self)
        if resume(call.session, id, offset, engine) {
          engine.statistics.partialResyncs += 1
        } else {
          if !id.hasPrefix("?") { engine.statistics.partialResyncsRefused += 1 }
          beginFullSync(call.session, isPreSync: false, engine)
        }
      })
  }

  private var sync: Command {
    Command(
      "sync", arity: .exactly(1), flags: Self.flags, group: .server, since: "1.0.0",
      "Makes the connection that of a replica that is sent all of the dataset.",
      .control { [self] call, engine throws(CommandError) in
        guard try admit(&call, engine, isPartial: false) else { return }
        beginFullSync(call.session, isPreSync: true, engine)
      })
  }

  // MARK: Synchronization

  private func name(_ session: Session) -> String {
    Replica(session, profile(session), isPreSync: false, state: .waiting, now: 0).name
  }

  private func profile(_ session: Session) -> ReplicaProfile {
    controller.feed.profiles[session.id] ?? ReplicaProfile()
  }

  /// Whether the client may become a replica now. False if it is one already.
  private func admit(_ call: inout Call, _ engine: Engine, isPartial: Bool) throws(CommandError) -> Bool {
    let session = call.session
    guard !session.isReplica, !engine.isMonitor(session) else { return false }
    if isPartial, call.count > 3, call.matches(3, "failover") { try takeOver(&call, engine) }
    if controller.isInFailover { throw call.refuse("NOMASTERLINK Can't SYNC while failing over") }
    if controller.primary != nil, !controller.isLinkUp {
      throw call.refuse("NOMASTERLINK Can't SYNC while not connected with my master")
    }
    if engine.hasOutput(session) { throw call.refuse("ERR SYNC and PSYNC are invalid with pending output") }
    let profile = profile(session)
    if profile.content != .all, !profile.capabilities.contains(.mark) {
      throw call.refuse("ERR Filtered replica requires EOF capability")
    }
    engine.log(.notice, "Replica \(name(session)) asks for synchronization")
    return true
  }

  /// `PSYNC id offset FAILOVER`: our primary asks us to take its place.
  private func takeOver(_ call: inout Call, _ engine: Engine) throws(CommandError) {
    engine.log(
      .warning, "Failover request received for replid \(String(decoding: call[1], as: UTF8.self)).")
    guard controller.primary != nil else { throw call.refuse("ERR PSYNC FAILOVER can't be sent to a master.") }
    guard String(decoding: call[1], as: UTF8.self).lowercased() == controller.historyID.lowercased() else {
      throw call.refuse("ERR PSYNC FAILOVER replid must match my replid.")
    }
    controller.standAlone()
    engine.log(.notice, "MASTER MODE enabled (failover request from '\(engine.clientLine(call.session))')")
  }

  /// Lets a replica go on from where it was, if that can be.
  private func resume(_ session: Session, _ id: String, _ offset: Int64, _ engine: Engine) -> Bool {
    engine.handOverEffects()
    let feed = controller.feed
    let former = controller.formerHistory
    switch PartialResync.decide(
      id: id, offset: offset, historyID: controller.historyID, formerHistory: former, backlog: feed.backlog,
      end: feed.offset)
    {
    case .accepted(let place):
      let replica = Replica(session, profile(session), isPreSync: false, state: .online, now: feed.now)
      feed.add(replica)
      engine.log(
        .notice,
        "Partial resynchronization request from \(replica.name) accepted. Sending \(feed.offset - place) bytes of backlog starting from offset \(offset)."
      )
      let knowsNames = replica.profile.capabilities.contains(.secondHistory)
      let reply = Array((knowsNames ? "+CONTINUE \(controller.historyID)\r\n" : "+CONTINUE\r\n").utf8)
      reply.withBytes { engine.feed($0, to: session) }
      replica.cursor = place
      feed.pump(replica)
      return true
    case .notWanted:
      engine.log(.notice, "Full resync requested by replica \(name(session))")
    case .otherHistory:
      let none = String(repeating: "0", count: 40)
      engine.log(
        .notice,
        "Partial resynchronization not accepted: Replication ID mismatch (Replica asked for '\(id)', my replication IDs are '\(controller.historyID)' and '\(former?.id ?? none)')"
      )
    case .beyondFormerHistory:
      engine.log(
        .notice,
        "Partial resynchronization not accepted: Requested offset for second ID was \(offset), but I can reply up to \((former?.end ?? 0) + 1)"
      )
    case .notInBacklog(let isAheadOfUs):
      engine.log(
        .notice,
        "Unable to partial resync with replica \(name(session)) for lack of backlog (Replica request was: \(offset))."
      )
      if isAheadOfUs {
        engine.log(
          .warning,
          "Warning: replica \(name(session)) tried to PSYNC with an offset that is greater than the master replication offset."
        )
      }
    }
    return false
  }

  private func beginFullSync(_ session: Session, isPreSync: Bool, _ engine: Engine) {
    engine.statistics.fullSyncs += 1
    let feed = controller.feed
    if engine.settings.replDisableTCPNoDelay { feed.gatherWrites(session) }
    feed.awaitSync(Replica(session, profile(session), isPreSync: isPreSync, state: .waiting, now: feed.now))
    if !feed.isActive() {
      // Up to here nothing was counted: whatever anybody has of a history of ours, it may lack what was written since.
      if controller.primary == nil { controller.beginHistory() }
      feed.reset(feed.offset)
      engine.log(
        .notice,
        "Replication backlog created, my new replication IDs are '\(controller.historyID)' and '\(String(repeating: "0", count: 40))'"
      )
    }
  }

  // MARK: REPLCONF

  private var configure: Command {
    Command(
      "replconf", arity: .atLeast(1), flags: [.admin, .noScript, .loading, .stale, .allowBusy], group: .server,
      since: "3.0.0", "Tells the primary of the replica that speaks, and how far it has come.",
      .control { [controller] call, engine throws(CommandError) in
        guard call.count % 2 == 1 else { throw .syntax }
        let session = call.session
        var profile = controller.feed.profiles[session.id] ?? ReplicaProfile()
        var index = 1
        while index < call.count {
          if call.matches(index, "ack") {
            if session.isReplica, let offset = Int64(text: call[index + 1]) {
              controller.feed.acknowledge(session, offset)
            }
            return
          }
          // Only our primary may ask that, and it does so in its stream.
          if call.matches(index, "getack") { return }
          defer { controller.feed.note(profile, of: session) }
          try profile.note(&call, index)
          index += 2
        }
        call.reply.ok()
      })
  }
}

extension ReplicaProfile {
  /// What one option says, with the value behind it.
  fileprivate mutating func note(_ call: inout Call, _ index: Int) throws(CommandError) {
    let value = call[index + 1]
    if call.matches(index, "listening-port") {
      port = Int(Int32(truncatingIfNeeded: try call.integer(index + 1)))
    } else if call.matches(index, "ip-address") {
      guard value.count < 256 else {
        throw call.refuse("ERR REPLCONF ip-address provided by replica instance is too long: \(value.count) bytes")
      }
      address = String(decoding: value, as: UTF8.self)
    } else if call.matches(index, "capa") {
      if call.matches(index + 1, "eof") { capabilities.insert(.mark) }
      if call.matches(index + 1, "psync2") { capabilities.insert(.secondHistory) }
      if call.matches(index + 1, "rdb12") { capabilities.insert(.expiringFields) }
    } else if call.matches(index, "rdb-only") {
      let number = try call.integer(index + 1)
      guard (0...1).contains(number) else {
        throw call.refuse("ERR value is out of range, value must between 0 and 1")
      }
      isSnapshotOnly = number == 1
    } else if call.matches(index, "rdb-filter-only") {
      guard let filters = ConfigurationArguments.split(value) else {
        throw call.refuse("ERR Missing rdb-filter-only values")
      }
      content = .nothing
      for filter in filters {
        guard filter.withBytes({ $0.equalsIgnoringCase("functions") }) else {
          throw filter.withBytes { call.refuse("ERR Unsupported rdb-filter-only option: ", quoting: $0) }
        }
        content = .functions
      }
    } else {
      throw call.refuse("ERR Unrecognized REPLCONF option: ", quoting: call[index])
    }
  }
}
