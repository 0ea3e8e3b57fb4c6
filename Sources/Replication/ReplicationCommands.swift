public import Engine
internal import RESP
internal import Values
internal import VersionedStore

/// REPLICAOF, SLAVEOF and ROLE. Behaviour and reply texts follow Redis 7.0, but that REPLICAOF may end in VERIFY (answer
/// after the handshake, and change nothing if it fails) or DRYRUN (change nothing, and tell what there is).
public struct ReplicationCommands {
  private let controller: ReplicationController

  public init(_ controller: ReplicationController) { self.controller = controller }

  public var all: [Command] {
    [replicaOf("replicaof", since: "5.0.0"), replicaOf("slaveof", since: "1.0.0"), role]
      + PrimaryCommands(controller).all + [FailoverCommand(controller).command]
  }

  static let refusalInFailover: StaticString = "ERR REPLICAOF not allowed while failing over."

  private func replicaOf(_ name: StaticString, since: StaticString) -> Command {
    Command(
      name, arity: .atLeast(3), flags: [.admin, .noScript, .stale, .noAsyncLoading, .mayWait, .changesRole],
      categories: [.dangerous], group: .server, since: since,
      "Follows a primary, or nobody (NO ONE). The dataset stays until that of the primary is complete.",
      .control { [controller] call, engine throws(CommandError) in
        if controller.isInFailover { throw call.refuse(Self.refusalInFailover) }
        if engine.keyspace.history.isUndoable {
          throw call.refuse("ERR REPLICAOF cannot be taken back by a transaction that rolls back")
        }
        if call.count == 3, call.matches(1, "no"), call.matches(2, "one") {
          if controller.primary != nil {
            controller.standAlone()
            engine.log(.notice, "MASTER MODE enabled (user request from '\(engine.clientLine(call.session))')")
          }
          return call.reply.ok()
        }
        let address = try Self.address(&call)
        var purpose: Probe.Purpose?
        if call.count > 3 {
          guard call.count == 4 else { throw .syntax }
          if call.matches(3, "verify") {
            purpose = .verify
          } else if call.matches(3, "dryrun") {
            purpose = .report
          } else {
            throw .syntax
          }
        }
        // EXEC answers at once.
        if purpose != nil, !engine.nesting.isEmpty {
          throw call.refuse("ERR REPLICAOF with VERIFY or DRYRUN is not allowed inside a transaction")
        }
        if purpose != .report, let primary = controller.primary, primary.isSame(as: address) {
          engine.log(
            .notice,
            "REPLICAOF would result into synchronization with the master we are already connected with. No operation performed."
          )
          return call.reply.simpleString("OK Already connected to specified master")
        }
        if let purpose { return controller.probe(address, purpose, for: call.session) }
        controller.follow(address, for: engine.clientLine(call.session))
        call.reply.ok()
      })
  }

  private static func address(_ call: inout Call) throws(CommandError) -> PrimaryAddress {
    guard let port = Int64(text: call[2]), (0...65535).contains(port) else {
      throw call.refuse("ERR Invalid master port")
    }
    return PrimaryAddress(host: String(decoding: call[1], as: UTF8.self), port: Int(port))
  }

  private var role: Command {
    Command(
      "role", arity: .exactly(1), flags: [.noScript, .loading, .stale, .fast], categories: [.admin, .dangerous],
      group: .server, since: "2.8.12", "Tells whether this server is a primary or a replica, and how it stands.",
      .control { [controller] call, engine in
        engine.handOverEffects()
        guard let primary = controller.primary else {
          call.reply.arrayHeader(3)
          call.reply.bulk("master")
          call.reply.integer(Int(controller.offset))
          return controller.feed.list(&call.reply)
        }
        call.reply.arrayHeader(5)
        call.reply.bulk("slave")
        call.reply.bulk(Array(primary.host.utf8))
        call.reply.integer(primary.port)
        let state = controller.link?.status.state ?? .idle
        call.reply.bulk(state.roleName)
        call.reply.integer(state == .streaming ? Int(controller.offset) : -1)
      })
  }
}

extension PrimaryAddress {
  fileprivate func isSame(as other: PrimaryAddress) -> Bool {
    port == other.port && host.lowercased() == other.host.lowercased()
  }
}

extension ReplicaLink.State {
  /// As ROLE names it.
  fileprivate var roleName: StaticString {
    switch self {
    case .idle: "none"
    case .waiting: "connect"
    case .connecting: "connecting"
    case .handshake: "handshake"
    case .awaitingTransfer, .staging, .committing: "sync"
    case .streaming: "connected"
    }
  }
}
