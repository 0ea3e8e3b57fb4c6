internal import Engine
internal import RESP
internal import Values
internal import VersionedStore

/// FAILOVER. Behaviour and reply texts follow Redis 7.0.
struct FailoverCommand {
  private let controller: ReplicationController

  init(_ controller: ReplicationController) { self.controller = controller }

  var command: Command {
    Command(
      "failover", arity: .atLeast(1), flags: [.admin, .noScript, .stale], group: .server, since: "6.2.0",
      "Hands the role of the primary over to a replica that has all writes.",
      .control { [self] call, engine throws(CommandError) in
        if call.count == 2, call.matches(1, "abort") {
          guard controller.isInFailover else { throw call.refuse("ERR No failover in progress.") }
          controller.abortFailover("Failover manually aborted")
          return call.reply.ok()
        }
        let request = try request(&call)
        try check(request, &call)
        // Replicas are not asked how far they are: the question itself would make the stream longer, and one that has it all
        // would lag behind by that much until it speaks by itself, a second later.
        controller.beginFailover(request)
        engine.whenTickEnds { [controller] in controller.continueFailover() }
        call.reply.ok()
      })
  }

  private func request(_ call: inout Call) throws(CommandError) -> Failover.Request {
    var request = Failover.Request()
    var index = 1
    while index < call.count {
      if call.matches(index, "timeout"), index + 1 < call.count, request.timeout == nil {
        let timeout = try call.integer(index + 1)
        guard timeout > 0 else { throw call.refuse("ERR FAILOVER timeout must be greater than 0") }
        request.timeout = timeout
        index += 2
      } else if call.matches(index, "to"), index + 2 < call.count, request.target == nil {
        let port = try call.integer(index + 2)
        request.target = PrimaryAddress(host: String(decoding: call[index + 1], as: UTF8.self), port: Int(port))
        index += 3
      } else if call.matches(index, "force"), !request.isForced {
        request.isForced = true
        index += 1
      } else {
        throw .syntax
      }
    }
    return request
  }

  private func check(_ request: Failover.Request, _ call: inout Call) throws(CommandError) {
    if controller.isInFailover { throw call.refuse("ERR FAILOVER already in progress.") }
    if controller.primary != nil { throw call.refuse("ERR FAILOVER is not valid when server is a replica.") }
    if controller.feed.replicas.isEmpty { throw call.refuse("ERR FAILOVER requires connected replicas.") }
    if request.isForced, request.timeout == nil || request.target == nil {
      throw call.refuse("ERR FAILOVER with force option requires both a timeout and target HOST and IP.")
    }
    guard let target = request.target else { return }
    guard let replica = controller.feed.replicas.first(where: { $0.isReached(at: target) }) else {
      throw call.refuse("ERR FAILOVER target HOST and PORT is not a replica.")
    }
    if replica.state != .online { throw call.refuse("ERR FAILOVER target replica is not online.") }
  }
}
