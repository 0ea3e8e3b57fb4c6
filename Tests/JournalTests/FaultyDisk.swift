import Journal
import VersionedStore

/// A directory in memory of which a crash leaves no more than POSIX promises, and on which anything may go wrong.
///
/// What was written is in the cache of the system until a sync succeeds; one that fails drops it from there, and the next
/// one says nothing of it. Names are as fleeting until the directory is synced. Nothing is done in the background before
/// the test says so.
final class FaultyDisk: JournalDisk, @unchecked Sendable {
  /// A file, under whatever name.
  private final class Node {
    var content: [UInt8] = []
    /// What is on the disk for sure.
    var synced: [UInt8] = []
    /// What may be there, if the system has written back all that there was at a time, and not what was cut off since.
    var longest: [UInt8] = []
    /// Bytes from there on up to the other are in the cache but will not be written back any more.
    var lost: Range<Int>?

    func sync() {
      synced = content
      if let lost { for index in lost where index < synced.count { synced[index] = 0 } }
      lost = nil
      longest = synced
    }
  }

  /// What a crash may leave.
  enum Remains: CaseIterable {
    /// The process has ended, the machine has not.
    case all
    /// No more than was promised.
    case least
    /// The names of all that was done to them, but of the files what was promised.
    case namesOnly
    /// All that may have been written back.
    case most
    /// The same, with the names that were promised.
    case mostOfOldNames
    /// Half of what may have been.
    case half
  }

  private var nodes: [String: Node] = [:]
  private var syncedNodes: [String: Node] = [:]
  private var open: [Int32: Node] = [:]
  private var lastNumber: Int32 = 0
  private struct Work {
    let lane: DiskLane
    /// Until it is done.
    var work: (() -> () -> Void)?
    /// From then on until it is told.
    var answer: (() -> Void)?
  }

  private var works: [Work] = []

  // What goes wrong.

  /// Bytes that the files may have together.
  var capacity = Int.max
  /// Bytes that one write takes at most.
  var longestWrite = Int.max
  var isSyncBroken = false
  var isDirectorySyncBroken = false
  var isRenameBroken = false
  var isTruncateBroken = false
  var isOpenBroken = false
  /// The one operation that fails, counted from the next one, which is 0; nil when it has, or if none is to.
  var failsIn: Int?
  /// Is called behind each operation that may have changed what a crash leaves.
  var onOperation: () -> Void = {}

  static let full = DiskError(code: 28, text: "No space left on device")
  static let broken = DiskError(code: 5, text: "Input/output error")
  static let missing = DiskError(code: 2, text: "No such file or directory")

  /// Whether the operation that begins is the one that fails.
  private func failsNow() -> Bool {
    guard let left = failsIn else { return false }
    failsIn = left > 0 ? left - 1 : nil
    return left == 0
  }

  func heal() {
    failsIn = nil
    (capacity, longestWrite) = (.max, .max)
    (isSyncBroken, isDirectorySyncBroken, isRenameBroken, isTruncateBroken, isOpenBroken) =
      (false, false, false, false, false)
  }

  var openCount: Int { open.count }
  var names: [String] { nodes.keys.sorted() }
  func content(_ name: String) -> [UInt8]? { nodes[name]?.content }

  func put(_ name: String, _ content: [UInt8]) {
    let node = Node()
    (node.content, node.synced, node.longest) = (content, content, content)
    nodes[name] = node
    syncedNodes[name] = node
  }

  /// The files that there may be after a crash now.
  func files(_ remains: Remains) -> [String: [UInt8]] {
    switch remains {
    case .all: nodes.mapValues(\.content)
    case .least: syncedNodes.mapValues(\.synced)
    case .namesOnly: nodes.mapValues(\.synced)
    case .most: nodes.mapValues(\.longest)
    case .mostOfOldNames: syncedNodes.mapValues(\.longest)
    case .half:
      nodes.mapValues { node in
        node.longest.starts(with: node.synced)
          ? Array(node.longest.prefix((node.synced.count + node.longest.count) / 2)) : node.synced
      }
    }
  }

  // MARK: Names

  func makeDirectory() {}
  func list() -> [String] { names }

  func open(_ name: String, truncating: Bool) throws(DiskError) -> DiskFile {
    if failsNow() || isOpenBroken { throw Self.broken }
    let node = nodes[name] ?? Node()
    nodes[name] = node
    if truncating { cut(node, to: 0) }
    return handle(node)
  }

  func openForReading(_ name: String) throws(DiskError) -> DiskFile {
    guard let node = nodes[name] else { throw Self.missing }
    return handle(node)
  }

  private func handle(_ node: Node) -> DiskFile {
    lastNumber += 1
    open[lastNumber] = node
    onOperation()
    return DiskFile(rawValue: lastNumber)
  }

  func close(_ file: DiskFile) {
    precondition(open.removeValue(forKey: file.rawValue) != nil, "closed twice")
  }

  func rename(_ name: String, to newName: String) throws(DiskError) {
    if failsNow() || isRenameBroken { throw Self.broken }
    guard let node = nodes.removeValue(forKey: name) else { throw Self.missing }
    nodes[newName] = node
    onOperation()
  }

  func remove(_ name: String) throws(DiskError) {
    if failsNow() { throw Self.broken }
    guard nodes.removeValue(forKey: name) != nil else { throw Self.missing }
    onOperation()
  }

  func syncDirectory() throws(DiskError) {
    if failsNow() || isDirectorySyncBroken { throw Self.broken }
    syncedNodes = nodes
    onOperation()
  }

  // MARK: Contents

  private func node(_ file: DiskFile) -> Node {
    guard let node = open[file.rawValue] else { preconditionFailure("a file that is not open") }
    return node
  }

  func byteCount(of file: DiskFile) -> Int { node(file).content.count }

  private var total: Int { nodes.values.reduce(0) { $0 + $1.content.count } }

  func append(_ bytes: Bytes, to file: DiskFile) throws(DiskError) -> Int {
    if failsNow() { throw Self.broken }
    let count = min(bytes.count, longestWrite, max(0, capacity - total))
    guard count > 0 || bytes.count == 0 else { throw Self.full }
    let node = node(file)
    node.content += bytes[0..<count]
    if node.content.count > node.longest.count { node.longest = node.content }
    onOperation()
    return count
  }

  func read(_ file: DiskFile, at offset: Int, upTo count: Int, _ body: (Bytes) -> Void) {
    node(file).content.withBytes { body($0[min(offset, $0.count)..<min($0.count, offset + count)]) }
  }

  func truncate(_ file: DiskFile, to byteCount: Int) throws(DiskError) {
    if failsNow() || isTruncateBroken { throw Self.broken }
    cut(node(file), to: byteCount)
    onOperation()
  }

  private func cut(_ node: Node, to byteCount: Int) {
    node.content.removeLast(max(0, node.content.count - byteCount))
    if let lost = node.lost { node.lost = lost.lowerBound < byteCount ? lost.clamped(to: 0..<byteCount) : nil }
  }

  func sync(_ file: DiskFile) throws(DiskError) {
    let node = node(file)
    guard !failsNow(), !isSyncBroken else {
      let first = min(node.lost?.lowerBound ?? .max, node.synced.count, node.content.count)
      if first < node.content.count { node.lost = first..<node.content.count }
      throw Self.broken
    }
    node.sync()
    onOperation()
  }

  // MARK: In the background

  func inBackground<Answer: Sendable>(
    _ lane: DiskLane, _ work: @escaping @Sendable () -> Answer, _ completion: @escaping (Answer) -> Void
  ) {
    works.append(
      Work(
        lane: lane,
        work: {
          let answer = work()
          return { completion(answer) }
        }))
  }

  private var next: (DiskLane) -> Int? {
    { lane in self.works.firstIndex { $0.lane == lane && $0.answer == nil } }
  }

  /// Does the first thing that waits in the lane, which nobody is told yet. False if there is none.
  @discardableResult
  func perform(_ lane: DiskLane) -> Bool {
    guard let index = next(lane), let work = works[index].work else { return false }
    works[index].work = nil
    works[index].answer = work()
    return true
  }

  /// Tells of the first thing in the lane, if it is done. False if there is none.
  @discardableResult
  func tell(_ lane: DiskLane) -> Bool {
    guard let index = works.firstIndex(where: { $0.lane == lane }), let answer = works[index].answer else {
      return false
    }
    works.remove(at: index)
    answer()
    return true
  }

  /// Does the first thing in the lane and tells of it. False if there is none.
  @discardableResult
  func run(_ lane: DiskLane) -> Bool {
    tell(lane) || perform(lane) && tell(lane)
  }

  func settle(_ lane: DiskLane) {
    let count = works.count { $0.lane == lane }
    for _ in 0..<count { run(lane) }
  }

  /// Does all that waits, and all that follows upon it.
  func runAll() {
    while DiskLane.allCases.contains(where: { run($0) }) {}
  }

  var isIdle: Bool { works.isEmpty }
}
