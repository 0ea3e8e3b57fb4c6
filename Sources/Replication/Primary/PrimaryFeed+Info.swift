internal import Engine
internal import RESP
internal import VersionedStore

/// What INFO and ROLE tell of replicas and of the backlog.
extension PrimaryFeed {
  var replicaLines: [String] {
    let good = engine.wantsGoodReplicas ? ["min_slaves_good_slaves:\(engine.goodReplicaCount)"] : []
    return ["connected_slaves:\(replicas.count)"] + good
      + replicas.enumerated().map { number, replica in
        return "slave\(number):ip=\(replica.address.oneLine),port=\(replica.port),state=\(replica.stateName),"
          + "offset=\(replica.acknowledgedOffset),lag=\(replica.lagSeconds(now: now))"
      }
  }

  var backlogLines: [String] {
    [
      "repl_backlog_active:\(backlog == nil ? 0 : 1)",
      "repl_backlog_size:\(settings.replBacklogSize)",
      "repl_backlog_first_byte_offset:\(backlog.map { $0.start + 1 } ?? 0)",
      "repl_backlog_histlen:\(backlog?.count ?? 0)",
    ]
  }

  /// The last part of ROLE: address, port and offset of each replica that has the dataset.
  func list(_ reply: inout ReplyWriter) {
    let online = replicas.filter { $0.state == .online }
    reply.arrayHeader(online.count)
    for replica in online {
      reply.arrayHeader(3)
      reply.bulk(Array(replica.address.utf8))
      reply.bulk(Array("\(replica.port)".utf8))
      reply.bulk(Array("\(replica.acknowledgedOffset)".utf8))
    }
  }

  /// As Redis has it, what is more than the backlog's size counts as the replicas' if there are any.
  var figures: ReplicaFigures {
    var figures = ReplicaFigures()
    figures.memory = backlog?.memory ?? 0
    figures.backlogMemory = replicas.isEmpty ? figures.memory : min(figures.memory, settings.replBacklogSize)
    figures.replicaMemory = figures.memory - figures.backlogMemory
    figures.syncs = transfers.count { !$0.hasEnded }
    return figures
  }
}

extension String {
  /// Without what would end a line or a field of INFO: a replica may call itself anything.
  fileprivate var oneLine: String { String(map { $0.isNewline || $0 == "," ? "_" : $0 }) }
}
