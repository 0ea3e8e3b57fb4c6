import Journal
import VersionedStore

/// A directory in memory on which nothing goes wrong. For one thread: Sendable only because a disk is.
final class FileTable: JournalDisk, @unchecked Sendable {
  var files: [String: [UInt8]] = [:]
  private var open: [Int32: String] = [:]
  private var lastNumber: Int32 = 0

  private static let missing = DiskError(code: 2, text: "No such file or directory")

  var openCount: Int { open.count }

  func makeDirectory() {}
  func list() -> [String] { Array(files.keys) }

  func open(_ name: String, truncating: Bool) -> DiskFile {
    if truncating || files[name] == nil { files[name] = [] }
    return handle(name)
  }

  func openForReading(_ name: String) throws(DiskError) -> DiskFile {
    guard files[name] != nil else { throw Self.missing }
    return handle(name)
  }

  private func handle(_ name: String) -> DiskFile {
    lastNumber += 1
    open[lastNumber] = name
    return DiskFile(rawValue: lastNumber)
  }

  private func name(of file: DiskFile) throws(DiskError) -> String {
    guard let name = open[file.rawValue], files[name] != nil else { throw Self.missing }
    return name
  }

  func close(_ file: DiskFile) { open[file.rawValue] = nil }
  func byteCount(of file: DiskFile) throws(DiskError) -> Int { files[try name(of: file)]!.count }

  func append(_ bytes: Bytes, to file: DiskFile) throws(DiskError) -> Int {
    files[try name(of: file)]! += Array(bytes)
    return bytes.count
  }

  func read(_ file: DiskFile, at offset: Int, upTo count: Int, _ body: (Bytes) -> Void) throws(DiskError) {
    let content = files[try name(of: file)]!
    guard offset < content.count else { return }
    content.withBytes { body($0[offset..<min(content.count, offset + count)]) }
  }

  func truncate(_ file: DiskFile, to byteCount: Int) throws(DiskError) {
    let name = try name(of: file)
    files[name] = Array(files[name]!.prefix(byteCount))
  }

  func sync(_ file: DiskFile) {}
  func settle(_ lane: DiskLane) {}
  func inBackground<Answer: Sendable>(
    _ lane: DiskLane, _ work: @escaping @Sendable () -> Answer, _ completion: @escaping (Answer) -> Void
  ) { completion(work()) }

  func rename(_ name: String, to newName: String) throws(DiskError) {
    guard let content = files.removeValue(forKey: name) else { throw Self.missing }
    files[newName] = content
  }

  func remove(_ name: String) throws(DiskError) {
    guard files.removeValue(forKey: name) != nil else { throw Self.missing }
  }

  func syncDirectory() {}
}
