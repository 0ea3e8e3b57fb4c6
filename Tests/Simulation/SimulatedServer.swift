import Engine
import Journal
import TestSupport
import VersionedStore

/// A server with its machine: what outlives its process, and the process if it runs.
final class SimulatedServer {
  unowned let world: World
  let port: Int
  private(set) var life: Life?
  /// Every process that there was, whatever may still speak of it.
  private(set) var lives: [Life] = []
  /// Whom its configuration file says to follow.
  var configuredPrimary: Int?
  /// By how much its clock is wrong, in milliseconds.
  var clockError: Int64 = 0
  private(set) var lifeCount = 0
  /// Its RDB file, as the last save has left it.
  var snapshot: [UInt8]?
  /// Where its append-only log lies, if it has one.
  let disk: SimulatedDisk
  /// `appendonly yes`
  let hasLog: Bool
  let appendSync: AppendSync
  var ledger = Ledger()

  init(_ world: World, port: Int) {
    self.world = world
    self.port = port
    disk = SimulatedDisk(world, name: "the disk of server \(port)")
    hasLog = world.chance(75)
    appendSync = [.always, .always, .everySecond, .never][world.pick(0...3)]
  }

  var name: String { "server \(port)" }

  /// Whether it serves: it does not when its disk is full.
  @discardableResult
  func start() -> Bool {
    precondition(life == nil)
    lifeCount += 1
    world.counts.starts += 1
    world.note("\(name) starts")
    let life = Life(self)
    lives.append(life)
    guard life.start() else {
      world.note("\(name) has failed to start")
      life.end()
      disk.crash(losesMemory: false)
      return false
    }
    self.life = life
    return true
  }

  /// The process ends as SHUTDOWN has it end, if it can.
  func stop() {
    guard let life, life.prepareToStop() else { return }
    world.note("\(name) is shut down")
    world.invariants.willCrash(life)
    if hasLog { ledger.promiseAll() }
    end(life, silently: false)
    disk.crash(losesMemory: false)
  }

  /// The process ends at once.
  ///
  /// - Parameter silently: nobody is told, as when the machine loses its power.
  func crash(silently: Bool) {
    guard let life else { return }
    world.note("\(name) \(silently ? "loses its power" : "is killed")")
    world.invariants.willCrash(life)
    end(life, silently: silently)
    disk.crash(losesMemory: silently)
  }

  /// Nothing speaks of them any more.
  func forgetLives() { lives = [] }

  private func end(_ life: Life, silently: Bool) {
    world.network.vanish(port, silently: silently)
    life.end()
    self.life = nil
  }
}
