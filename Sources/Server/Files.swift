import Glibc
import VersionedStore

/// The few things that the server does with files: read one whole, replace one whole.
enum Files {
  /// A call of the operating system that failed.
  struct Failure: Error {
    let code: Int32
    var text: String { Files.errorText(code) }
    var isMissingFile: Bool { code == ENOENT }
  }

  /// What `strerror` says of an error number.
  static func errorText(_ code: Int32) -> String {
    unsafe String(cString: strerror(code))
  }

  /// The working directory, empty when it is gone.
  static func workingDirectory() -> [UInt8] {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    guard unsafe getcwd(&path, path.count) != nil else { return [] }
    return path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
  }

  /// The path of the running program.
  static func executable() -> String {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink("/proc/self/exe", &path, path.count)
    return String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The whole of a file.
  static func read(_ path: String) throws(Failure) -> [UInt8] {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw Failure(code: errno) }
    defer { close(file) }
    return try readToEnd(file)
  }

  /// Everything that is left in an open file.
  static func readToEnd(_ file: Int32) throws(Failure) -> [UInt8] {
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = unsafe Glibc.read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Failure(code: errno) }
      if count == 0 { return content }
      content += chunk[..<count]
    }
  }

  /// Puts `content` in the place of a file, so that a crash at any moment leaves the old file or the new one: written and
  /// synced beside it, renamed over it, the directory synced. Keeps the mode of the old file.
  static func replace(_ path: String, with content: [UInt8]) throws(Failure) {
    var status = stat()
    let mode = unsafe stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0o644 & ~currentUmask()
    var name = Array(path.utf8CString.dropLast()) + ".XXXXXX".utf8CString
    let file = unsafe mkstemp(&name)
    guard file >= 0 else { throw Failure(code: errno) }
    defer { close(file) }
    do throws(Failure) {
      try writeAll(file, content)
      guard fsync(file) == 0, fchmod(file, mode) == 0, unsafe rename(name, path) == 0 else {
        throw Failure(code: errno)
      }
    } catch {
      _ = unsafe unlink(name)
      throw error
    }
    try syncDirectory(of: path)
  }

  static func writeAll(_ file: Int32, _ content: [UInt8]) throws(Failure) {
    try content.withBytes { bytes throws(Failure) in try writeAll(file, bytes) }
  }

  /// Writes all of `content`, however many calls that takes.
  static func writeAll(_ file: Int32, _ content: Bytes) throws(Failure) {
    var rest = content
    while rest.count > 0 {
      let count = unsafe rest.withUnsafeBytes { unsafe write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Failure(code: errno) }
      rest = rest[count..<rest.count]
    }
  }

  /// Writes into a file that is there already: for those through which the kernel is spoken to.
  static func overwrite(_ path: String, with content: [UInt8]) throws(Failure) {
    let file = unsafe open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
    guard file >= 0 else { throw Failure(code: errno) }
    defer { close(file) }
    try writeAll(file, content)
  }

  static func syncDirectory(of path: String) throws(Failure) {
    let parent = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) + "/" } ?? "."
    let directory = unsafe open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw Failure(code: errno) }
    defer { close(directory) }
    guard fsync(directory) == 0 else { throw Failure(code: errno) }
  }

  private static func currentUmask() -> mode_t {
    let mask = umask(0o777)
    umask(mask)
    return mask
  }
}
