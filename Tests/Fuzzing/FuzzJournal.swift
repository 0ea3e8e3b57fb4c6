import Foundation
import TestSupport

/// What was sent, in a file: a crash tells nothing afterwards. The last megabyte or two are kept, and all of it is removed when
/// nothing has gone wrong.
final class FuzzJournal: CustomStringConvertible {
  private static let limit = 1 << 20
  private let path: String
  private var file: FileHandle?
  private var byteCount = 0

  init(name: String) {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("cambium-fuzz-\(name).log").path
    start()
  }

  private func start() {
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    file = FileHandle(forWritingAtPath: path)
    byteCount = 0
  }

  func note(_ session: Int, _ command: [[UInt8]]) {
    let words = command.map { word in
      String(decoding: word.prefix(100), as: UTF8.self).debugDescription + (word.count > 100 ? "…\(word.count)" : "")
    }
    write("\(session): \(words.joined(separator: " "))\n")
  }

  func note(_ what: String, _ bytes: [UInt8]) {
    write("\(what): \(String(decoding: bytes.prefix(2000), as: UTF8.self).debugDescription)\n")
  }

  private func write(_ line: String) {
    if byteCount > Self.limit {
      // The one before stays, until the next.
      _ = try? FileManager.default.removeItem(atPath: path + ".1")
      try? FileManager.default.moveItem(atPath: path, toPath: path + ".1")
      start()
    }
    let data = Data(line.utf8)
    byteCount += data.count
    try? file?.write(contentsOf: data)
  }

  func remove() {
    for name in [path, path + ".1"] { try? FileManager.default.removeItem(atPath: name) }
  }

  var description: String { "(what was sent: \(path))" }
}
