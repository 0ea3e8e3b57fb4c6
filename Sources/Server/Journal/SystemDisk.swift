import Dispatch
import Glibc
import Journal
import NIOCore
import Synchronization
import VersionedStore

/// The directory of the append-only log, in the operating system's files.
///
/// It is held open, so that the log stays where it is even if CONFIG SET dir has the process go elsewhere. Files are reached
/// by their names in it, and written at their ends.
final class SystemDisk: JournalDisk {
  /// The directory, closed with the last who uses it.
  private final class Place: Sendable {
    let descriptor: Int32
    init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { Glibc.close(descriptor) }
  }

  /// What is done in the background, and whoever is to be told when it is over.
  private final class Work: @unchecked Sendable {
    /// On the serving loop, once.
    var complete: (() -> Void)?
    /// Set on the other thread, before `complete` can be called.
    var answer: Any?
  }

  private let path: String
  private let eventLoop: any EventLoop
  private let place = Mutex<Place?>(nil)
  private let queues: [DiskLane: DispatchQueue] = [
    .sync: DispatchQueue(label: "log syncs", qos: .userInitiated),
    .rewrite: DispatchQueue(label: "log rewrites", qos: .utility),
  ]
  /// What is not over yet, by lane, in order. Of the serving loop.
  private let pending: NIOLoopBoundBox<[DiskLane: [Work]]>

  /// `path` is looked up when the directory is made.
  init(_ path: String, eventLoop: any EventLoop) {
    self.path = path
    self.eventLoop = eventLoop
    pending = NIOLoopBoundBox([:], eventLoop: eventLoop)
  }

  // MARK: The directory

  func makeDirectory() throws(DiskError) {
    if unsafe mkdir(path, 0o755) == 0 {
      try sync(directory: ".")
    } else if errno != EEXIST {
      throw Self.error()
    }
    let opened = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard opened >= 0 else { throw Self.error() }
    let new = Place(opened)
    place.withLock { $0 = new }
  }

  private func sync(directory path: String) throws(DiskError) {
    let directory = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw Self.error() }
    defer { Glibc.close(directory) }
    try Self.check(fsync(directory))
  }

  /// The directory, if it is there.
  private func directory() throws(DiskError) -> Place {
    if let place = place.withLock({ $0 }) { return place }
    let opened = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard opened >= 0 else { throw Self.error() }
    let new = Place(opened)
    place.withLock { $0 = new }
    return new
  }

  func list() throws(DiskError) -> [String] {
    let directory = try directory()
    let copy = unsafe openat(directory.descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0 else { throw Self.error() }
    guard let stream = unsafe fdopendir(copy) else {
      let error = Self.error()
      Glibc.close(copy)
      throw error
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  func rename(_ name: String, to newName: String) throws(DiskError) {
    let directory = try directory().descriptor
    try unsafe Self.check(renameat(directory, name, directory, newName))
  }

  func remove(_ name: String) throws(DiskError) {
    try unsafe Self.check(unlinkat(try directory().descriptor, name, 0))
  }

  func syncDirectory() throws(DiskError) {
    try Self.check(fsync(try directory().descriptor))
  }

  // MARK: Files

  func open(_ name: String, truncating: Bool) throws(DiskError) -> DiskFile {
    let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | (truncating ? O_TRUNC : 0)
    return try open(name, flags)
  }

  func openForReading(_ name: String) throws(DiskError) -> DiskFile {
    // A pipe that nobody writes to is not to be waited for.
    try open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  }

  private func open(_ name: String, _ flags: Int32) throws(DiskError) -> DiskFile {
    let file = unsafe openat(try directory().descriptor, name, flags, 0o644)
    guard file >= 0 else { throw Self.error() }
    return DiskFile(rawValue: file)
  }

  func close(_ file: DiskFile) { Glibc.close(file.rawValue) }

  func byteCount(of file: DiskFile) throws(DiskError) -> Int {
    var status = stat()
    try unsafe Self.check(fstat(file.rawValue, &status))
    return Int(status.st_size)
  }

  func append(_ bytes: Bytes, to file: DiskFile) throws(DiskError) -> Int {
    while true {
      let count = unsafe bytes.withUnsafeBytes { unsafe write(file.rawValue, $0.baseAddress, $0.count) }
      if count > 0 || bytes.count == 0 { return count }
      // A file takes no bytes at all when the disk is full.
      if count == 0 { throw Self.error(ENOSPC) }
      if errno != EINTR { throw Self.error() }
    }
  }

  func read(_ file: DiskFile, at offset: Int, upTo count: Int, _ body: (Bytes) -> Void) throws(DiskError) {
    var chunk = [UInt8](repeating: 0, count: count)
    while true {
      let count = unsafe pread(file.rawValue, &chunk, chunk.count, offset)
      if count >= 0 { return chunk.withBytes { body($0[0..<count]) } }
      if errno != EINTR { throw Self.error() }
    }
  }

  func truncate(_ file: DiskFile, to byteCount: Int) throws(DiskError) {
    while ftruncate(file.rawValue, byteCount) != 0 {
      if errno != EINTR { throw Self.error() }
    }
  }

  func sync(_ file: DiskFile) throws(DiskError) {
    // The length of a file is synced with its content, its times are not.
    try Self.check(fdatasync(file.rawValue))
  }

  private static func check(_ result: Int32) throws(DiskError) {
    guard result == 0 else { throw error() }
  }

  private static func error(_ code: Int32 = errno) -> DiskError {
    DiskError(code: code, text: Files.errorText(code))
  }

  // MARK: In the background

  func inBackground<Answer: Sendable>(
    _ lane: DiskLane, _ work: @escaping @Sendable () -> Answer, _ completion: @escaping (Answer) -> Void
  ) {
    let item = Work()
    // Strong until it is over: it may be told after the one who asked is gone.
    item.complete = { [item] in
      guard let answer = item.answer as? Answer else { preconditionFailure("told before it was over") }
      completion(answer)
    }
    pending.value[lane, default: []].append(item)
    queues[lane]!.async { [weak self] in
      item.answer = work()
      guard let self else { return }
      eventLoop.execute { self.complete(item, lane) }
    }
  }

  private func complete(_ item: Work, _ lane: DiskLane) {
    guard let complete = item.complete else { return }
    item.complete = nil
    pending.value[lane]?.removeAll { $0 === item }
    complete()
  }

  func settle(_ lane: DiskLane) {
    let items = pending.value[lane] ?? []
    queues[lane]!.sync {}
    for item in items { complete(item, lane) }
  }
}
