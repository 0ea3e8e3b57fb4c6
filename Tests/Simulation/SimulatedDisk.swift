import Glibc
import Journal
import TestSupport
import VersionedStore

/// The directory of an append-only log on a disk that does no more than a disk has to: at a crash it may forget, of what was
/// not synced, all or a part, bytes as well as names; it gets full in the midst of a write; and a sync that fails may have
/// lost what it was about, whatever later ones say.
final class SimulatedDisk: JournalDisk, @unchecked Sendable {
  private final class File {
    var bytes: [UInt8] = []
    /// As a crash leaves it at the least.
    var durable: [UInt8] = []
    /// So many of the first bytes are as the last sync has left them: they are there whatever becomes of a later one.
    var untouched = 0
    /// Parts of which a sync has failed: a crash may make them zeros even if a later one succeeds.
    var doubtful: [Range<Int>] = []
    /// The first so many of them are unknown to whoever runs now: the process that was told of the failure has ended.
    var unknownCount = 0
  }

  private enum NameChange {
    case make(String, File)
    case rename(String, String)
    case remove(String)

    func apply(to names: inout [String: File]) {
      switch self {
      case .make(let name, let file): names[name] = file
      case .rename(let old, let new): names[new] = names.removeValue(forKey: old)
      case .remove(let name): names[name] = nil
      }
    }
  }

  private unowned let world: World
  private let name: String
  private var names: [String: File] = [:]
  private var durableNames: [String: File] = [:]
  /// What was done to the names since they were last synced, in order.
  private var nameChanges: [NameChange] = []
  private var open: [Int32: File] = [:]
  private var lastDescriptor: Int32 = 2
  /// By lane, in order.
  private var background: [DiskLane: [Work]] = [:]

  /// So many bytes may still be written; nil for any number.
  var room: Int?
  /// Of a hundred syncs, so many fail.
  var failingSyncs = 0

  enum Holes: Comparable { case none, known, unknown }

  /// Whether the last crash has left zeros where a sync had failed, and whether a process has run since that could not know of
  /// the failure. It has nothing to go by: a later sync succeeds.
  private(set) var holes = Holes.none

  /// All that is there could be read.
  func wasRead() { holes = .none }

  /// Nothing is kept of what was there.
  func wipe() {
    (names, durableNames, nameChanges, holes) = ([:], [:], [], .none)
  }

  /// What is asked of it may fail.
  var isFaulty: Bool { room != nil || failingSyncs > 0 }

  private final class Work: @unchecked Sendable {
    var run: (() -> () -> Void)?
    /// Nil before it was run, and after it was told.
    var complete: (() -> Void)?
  }

  init(_ world: World, name: String) {
    self.world = world
    self.name = name
  }

  /// Who runs on the machine at present; what is called back is called on its serving loop.
  var life: Life?

  // MARK: Crashes

  /// The machine stops. What is done in the background is never finished.
  ///
  /// - Parameter losesMemory: what was not synced is lost, more or less; otherwise only the process has ended.
  func crash(losesMemory: Bool) {
    background = [:]
    open = [:]
    life = nil
    guard losesMemory else {
      for file in names.values { file.unknownCount = file.doubtful.count }
      return
    }
    holes = .none
    let kept = world.pick(0...nameChanges.count)
    if kept < nameChanges.count { world.note("\(name): \(nameChanges.count - kept) changes of names are forgotten") }
    for change in nameChanges.prefix(kept) { change.apply(to: &durableNames) }
    nameChanges = []
    names = durableNames
    for (name, file) in names.sorted(by: { $0.key < $1.key }) { recover(file, name) }
  }

  private func recover(_ file: File, _ name: String) {
    let (length, durable) = (file.bytes.count, file.durable.count)
    if file.bytes.starts(with: file.durable) {
      file.bytes.removeLast(world.pick(0...length - durable))
    } else if world.chance(50) {
      file.bytes = file.durable
    }
    for (number, range) in file.doubtful.enumerated() where world.chance(50) {
      holes = max(holes, number < file.unknownCount ? .unknown : .known)
      for index in range.clamped(to: file.bytes.indices) { file.bytes[index] = 0 }
    }
    if file.bytes.count < length {
      world.note("\(self.name): \(name) has \(file.bytes.count) bytes of \(length), \(durable) were synced")
    }
    file.durable = file.bytes
    file.untouched = file.bytes.count
    (file.doubtful, file.unknownCount) = ([], 0)
  }

  // MARK: Names

  func makeDirectory() {}

  func list() -> [String] { names.keys.sorted() }

  private func error(_ code: Int32) -> DiskError {
    DiskError(
      code: code,
      text: code == ENOSPC
        ? "No space left on device" : code == ENOENT ? "No such file or directory" : "Input/output error")
  }

  private func change(_ change: NameChange) {
    nameChanges.append(change)
    change.apply(to: &names)
  }

  func rename(_ name: String, to newName: String) throws(DiskError) {
    guard names[name] != nil else { throw error(ENOENT) }
    change(.rename(name, newName))
  }

  func remove(_ name: String) throws(DiskError) {
    guard names[name] != nil else { throw error(ENOENT) }
    change(.remove(name))
  }

  func syncDirectory() throws(DiskError) {
    if world.chance(failingSyncs) { throw error(EIO) }
    for change in nameChanges { change.apply(to: &durableNames) }
    nameChanges = []
  }

  // MARK: Files

  private func descriptor(_ file: File) -> DiskFile {
    lastDescriptor += 1
    open[lastDescriptor] = file
    return DiskFile(rawValue: lastDescriptor)
  }

  private func file(_ descriptor: DiskFile) -> File {
    guard let file = open[descriptor.rawValue] else { preconditionFailure("a file that is not open") }
    return file
  }

  func open(_ name: String, truncating: Bool) throws(DiskError) -> DiskFile {
    let file: File
    if let present = names[name] {
      file = present
    } else {
      if room == 0 { throw error(ENOSPC) }
      file = File()
      change(.make(name, file))
    }
    if truncating { truncate(file, to: 0) }
    return descriptor(file)
  }

  func openForReading(_ name: String) throws(DiskError) -> DiskFile {
    guard let file = names[name] else { throw error(ENOENT) }
    return descriptor(file)
  }

  func close(_ file: DiskFile) { open[file.rawValue] = nil }

  func byteCount(of file: DiskFile) -> Int { self.file(file).bytes.count }

  func append(_ bytes: Bytes, to descriptor: DiskFile) throws(DiskError) -> Int {
    let file = file(descriptor)
    var count = bytes.count
    if let room {
      guard room > 0 else { throw error(ENOSPC) }
      count = min(count, room)
      self.room = room - count
    } else if count > 1, world.chance(3) {
      count = world.pick(1...count)
    }
    file.bytes += Array(bytes[0..<count])
    return count
  }

  func read(_ file: DiskFile, at offset: Int, upTo count: Int, _ body: (Bytes) -> Void) {
    let bytes = self.file(file).bytes
    Array(bytes[min(offset, bytes.count)..<min(offset + count, bytes.count)]).withBytes(body)
  }

  func truncate(_ file: DiskFile, to byteCount: Int) { truncate(self.file(file), to: byteCount) }

  private func truncate(_ file: File, to byteCount: Int) {
    file.bytes.removeLast(max(0, file.bytes.count - byteCount))
    file.untouched = min(file.untouched, file.bytes.count)
    // What is empty stays, for their numbers.
    file.doubtful = file.doubtful.map { $0.clamped(to: 0..<byteCount) }
  }

  func sync(_ descriptor: DiskFile) throws(DiskError) {
    let file = file(descriptor)
    if world.chance(failingSyncs) {
      if file.untouched < file.bytes.count { file.doubtful.append(file.untouched..<file.bytes.count) }
      // Clean, and maybe not there.
      throw error(EIO)
    }
    file.durable = file.bytes
    file.untouched = file.bytes.count
  }

  // MARK: In the background

  func inBackground<Answer: Sendable>(
    _ lane: DiskLane, _ work: @escaping @Sendable () -> Answer, _ completion: @escaping (Answer) -> Void
  ) {
    let item = Work()
    item.run = {
      let answer = work()
      return { completion(answer) }
    }
    background[lane, default: []].append(item)
    if background[lane]?.count == 1 { runSoon(lane) }
  }

  private func runSoon(_ lane: DiskLane) {
    guard let item = background[lane]?.first, let life else { return }
    world.schedule(after: Int64(world.chance(70) ? world.pick(0...5) : world.pick(0...400))) { [self] in
      guard !life.isOver, let run = item.run else { return }
      item.run = nil
      item.complete = run()
      life.onServingLoop { [self] in complete(item, lane) }
    }
  }

  private func complete(_ item: Work, _ lane: DiskLane) {
    guard let complete = item.complete else { return }
    item.complete = nil
    background[lane]?.removeAll { $0 === item }
    if background[lane]?.isEmpty == false { runSoon(lane) }
    complete()
  }

  func settle(_ lane: DiskLane) {
    for item in background[lane] ?? [] {
      if let run = item.run {
        item.run = nil
        item.complete = run()
      }
      complete(item, lane)
    }
  }
}
