import RESP
import TestSupport
import VersionedStore

@testable import Engine

/// One run: three servers, primaries that go wrong, clients that write and read, operators, and whatever befalls networks, clocks
/// and machines; then the faults stop, and all has to become one.
struct Simulation {
  let world: World
  private let workloads: [Workload]
  private let badPrimaries: [BadPrimary]

  init(seed: UInt64, digestInterval: Int) {
    world = World(seed: seed, digestInterval: digestInterval)
    world.servers = (0..<3).map { [world] in SimulatedServer(world, port: 7000 + $0) }
    workloads = world.servers.map { Workload($0) }
    badPrimaries = (0..<2).map { [world] in BadPrimary(world, port: 8000 + $0) }
  }

  /// Runs `steps` steps and the end. What went wrong is `world.failure`.
  func run(steps: Int) {
    for (server, workload) in zip(world.servers, workloads) {
      server.start()
      workload.begin()
    }
    world.pass(milliseconds: 100)
    for _ in 0..<steps where world.failure == nil {
      step()
      world.pass(milliseconds: Int64(world.chance(90) ? world.pick(0...40) : world.pick(0...2500)))
    }
    if world.failure == nil { converge() }
  }

  // MARK: Steps

  private func step() {
    let index = world.pick(0...2)
    let server = world.servers[index]
    guard let life = server.life else {
      if world.chance(50), server.start() { afterStart(index) }
      return
    }
    switch world.pick(0...99) {
    case 0...54: write(index)
    case 55...64: read(life)
    case 65...66: world.invariants.lookAtVersions(life)
    case 67...73: world.network.strike()
    case 74...75 where world.chance(60):
      server.configuredPrimary = world.chance(50) ? life.engine.settings.replicaOf?.port : nil
      // Best in the midst of what was just written.
      if world.chance(60) {
        for _ in 0..<world.pick(1...4) where !life.engine.isReplica { workloads[index].write() }
        world.pass(milliseconds: Int64(world.pick(0...8)))
      }
      if world.chance(15) { server.stop() } else { server.crash(silently: world.chance(70)) }
    case 74...75: break
    case 76...80: follow(life)
    case 81: say(life, ["REPLICAOF", "NO", "ONE"])
    case 82: block(life)
    case 83...86: version(life)
    case 87...89: failOver(index, life)
    case 90...92:
      workloads.indices.filter { !(world.servers[$0].life?.engine.isReplica ?? true) }.forEach { workloads[$0].write() }
    case 93: if !life.engine.isReplica { workloads[index].begin() }
    case 94...95:
      server.clockError += Int64(world.pick(-3000...3000))
      world.note("the clock of \(server.name) is wrong by \(server.clockError) ms")
    case 98: say(life, [world.chance(40) ? "BGSAVE" : "BGREWRITEAOF"])
    case 99: befallDisk(server)
    case 96: world.invariants.lookAtStore(life)
    case 97: say(life, ["CLIENT", "KILL", "TYPE", world.pick(["master", "replica"])])
    default: world.invariants.lookAtVersions(life)
    }
  }

  /// What a server without a file begins with is for its clients to say.
  private func afterStart(_ index: Int) {
    if world.servers[index].configuredPrimary == nil, world.chance(70) { workloads[index].begin() }
  }

  /// A replica takes over from its primary, which may be ahead of it, as may the other replica; and those follow it.
  private func failOver(_ index: Int, _ life: Life) {
    if !life.engine.isReplica {
      say(life, ["FAILOVER"] + (world.chance(15) ? ["ABORT"] : ["TIMEOUT", "\(world.pick(1...3000))"]))
      return
    }
    guard let port = life.engine.settings.replicaOf?.port else { return }
    if let former = world.servers.firstIndex(where: { $0.port == port && $0.life.map { !$0.engine.isReplica } ?? false }
    ) {
      for _ in 0..<world.pick(0...4) { workloads[former].write() }
      world.pass(milliseconds: Int64(world.pick(0...10)))
      guard !life.isOver else { return }
    }
    say(life, ["REPLICAOF", "NO", "ONE"])
    for _ in 0..<world.pick(0...5) {
      workloads[index].write()
      world.pass(milliseconds: Int64(world.pick(0...2)))
    }
    for other in world.servers where other !== life.server {
      world.schedule(after: Int64(world.pick(0...2000))) {
        guard !life.isOver, !life.engine.isReplica, let follower = other.life else { return }
        say(follower, ["REPLICAOF", "server", "\(life.server.port)"])
      }
    }
  }

  /// A server does not come to serve anybody for a while. Mostly a replica, of which the primary must not believe that it has
  /// what it was only sent: connections break meanwhile, and it may be promoted before it executes what it was sent.
  private func block(_ life: Life) {
    let replica = world.servers.compactMap(\.life).first { $0.engine.isReplica }
    let life = world.chance(80) ? replica ?? life : life
    life.block(milliseconds: world.pick(1000...5000))
    guard let port = life.engine.settings.replicaOf?.port,
      let index = world.servers.firstIndex(where: { $0.port == port }), let primary = world.servers[index].life
    else { return }
    for _ in 0..<world.pick(1...6) where !primary.engine.isReplica { workloads[index].write() }
    world.pass(milliseconds: Int64(world.pick(0...50)))
    guard !primary.isOver, world.chance(70) else { return }
    say(primary, ["CLIENT", "KILL", "TYPE", "replica"])
    guard !life.isOver, world.chance(40) else { return }
    say(life, ["REPLICAOF", "NO", "ONE"])
  }

  /// Clients write where they may, and now and then where they may not.
  private func write(_ index: Int) {
    let primaries = workloads.indices.filter { world.servers[$0].life.map { !$0.engine.isReplica } ?? false }
    let isAnywhere = primaries.isEmpty || world.chance(5)
    workloads[isAnywhere ? index : world.pick(primaries)].write()
  }

  private func befallDisk(_ server: SimulatedServer) {
    switch world.pick(0...3) {
    case 0: server.disk.room = server.disk.room == nil ? world.pick(0...1500) : nil
    case 1...2: server.disk.failingSyncs = world.pick(0...1) * world.pick(1...100)
    default: (server.disk.room, server.disk.failingSyncs) = (nil, 0)
    }
    world.note(
      "the disk of \(server.name) has room for \(server.disk.room.map { "\($0) bytes" } ?? "all"), \(server.disk.failingSyncs) % of syncs fail"
    )
  }

  @discardableResult
  private func say(_ life: Life, _ words: [String]) -> Reply? {
    world.note("\(life.server.name): \(words.joined(separator: " "))")
    let client = SimulatedClient(life)
    var reply: Reply?
    client.send(words) { reply = $0 }
    guard !life.isBlocked else {
      // It will be done as soon as that can be, before anything else.
      world.schedule(after: 6000) { client.leave() }
      return nil
    }
    life.tick()
    client.leave()
    return reply
  }

  private func follow(_ life: Life) {
    // Mostly one that is there and follows nobody, sometimes anybody, itself included.
    let good = world.servers.filter { $0 !== life.server && $0.life.map { !$0.engine.isReplica } ?? false }
    let all = world.servers.map(\.port) + badPrimaries.map(\.port)
    let ports = good.isEmpty || world.chance(35) ? all : good.map(\.port)
    let options = world.chance(20) ? [world.pick(["VERIFY", "DRYRUN"])] : []
    say(life, ["REPLICAOF", "server", "\(world.pick(ports))"] + options)
  }

  private func version(_ life: Life) {
    let history = life.engine.keyspace.history
    let whole = history.versions.filter { $0.keyCounts[Landmarks.database] > 0 }
    guard world.chance(60), let version = whole.randomElement(using: &world.random) else {
      say(life, ["VERSION", "CREATE"])
      return
    }
    switch world.pick(0...5) {
    case 0...2:
      switch say(life, ["VERSION", "ROLLBACK", "\(version.id)"]) {
      case .error: break
      // No answer yet: it waits for the log.
      case nil: life.rollbackCount += 1
      default:
        world.counts.rollbacks += 1
        life.rollbackCount += 1
      }
    case 3...4: say(life, ["VERSION", "DROP", "\(version.id)"])
    default: say(life, ["VERSION", "RESTORE", "\(version.id)", "k1", "h1", "l1", "s1", "z1"])
    }
  }

  /// A client reads all landmarks: they are whole, as at every other moment.
  private func read(_ life: Life) {
    let client = SimulatedClient(life)
    client.send(["SELECT", "\(Landmarks.database)"])
    client.send(["MGET"] + Landmarks.stones.map { String(decoding: $0, as: UTF8.self) } + ["stamp"]) { [world] reply in
      guard case .array(let items) = reply else { return }
      let tags = items.prefix(Landmarks.stones.count)
      let isWhole = tags.allSatisfy { $0 == tags[0] } && (tags[0] == .null) == (items.last == .null)
      if !isWhole { world.fail("a client of \(life.server.name) reads \(items.map { $0.text ?? "nothing" })") }
    }
    world.schedule(after: Int64(world.pick(0...100))) { client.leave() }
  }

  // MARK: The end

  /// Whoever has refused writes for the disk's sake takes them again by itself.
  private func awaitService() {
    let lives = world.servers.compactMap(\.life)
    var rounds = 0
    while world.failure == nil, let life = lives.first(where: { $0.engine.persistence.writeRefusal != nil }) {
      rounds += 1
      guard rounds < 100 else {
        return world.fail("\(life.server.name) refuses writes though its disk works again")
      }
      world.pass(milliseconds: 1000)
    }
  }

  /// No faults any more, and one primary: all datasets become equal.
  private func converge() {
    world.note("the faults stop")
    world.network.heal()
    for life in world.servers.compactMap(\.life) { life.unblock() }
    for bad in badPrimaries { bad.end() }
    for server in world.servers { (server.disk.room, server.disk.failingSyncs) = (nil, 0) }
    for (index, server) in world.servers.enumerated() where server.life == nil {
      // Where a log was given up, the second attempt begins without.
      if server.start() || server.start() { afterStart(index) } else { world.fail("\(server.name) does not start") }
    }
    world.pass(milliseconds: 1000)
    awaitService()
    for life in world.servers.compactMap(\.life) {
      world.invariants.observe(life)
      world.invariants.lookAtVersions(life)
      world.invariants.lookAtStore(life)
    }
    let lives = world.servers.compactMap(\.life)
    let whole = lives.filter { world.invariants.landmarks($0).shape == .whole }
    guard world.failure == nil, let primary = whole.randomElement(using: &world.random) else { return }
    // Who is about to hand over its role, or waits for an answer of somebody who is no more, does nothing else.
    for life in lives { say(life, ["FAILOVER", "ABORT"]) }
    say(primary, ["REPLICAOF", "NO", "ONE"])
    for life in lives where life !== primary { say(life, ["REPLICAOF", "server", "\(primary.server.port)"]) }
    var rounds = 0
    while world.failure == nil, !lives.allSatisfy({ $0 === primary || $0.follows(primary) }) {
      rounds += 1
      guard rounds < 600 else {
        let states = lives.map { "\($0.server.name) \($0.state)" }
        return world.fail("the replicas have not come to where their primary is: \(states)")
      }
      world.pass(milliseconds: 200)
    }
    guard world.failure == nil else { return }
    world.counts.convergences += 1
    let contents = Contents(primary)
    for life in lives where life !== primary {
      if let difference = contents.difference(from: Contents(life)) {
        world.fail("\(life.server.name) has other contents than its primary \(primary.server.name): \(difference)")
      }
    }
  }
}

extension World {
  /// Stamps never repeat.
  func nextStamp() -> Int {
    lastStamp += 1
    return lastStamp
  }
}
