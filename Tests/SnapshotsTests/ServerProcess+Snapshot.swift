import Foundation
import TestSupport

extension ServerProcess {
  /// Saves the dataset, and returns the file.
  func snapshot() throws -> [UInt8] {
    try connect().command("SAVE")
    return [UInt8](try Data(contentsOf: directory.appendingPathComponent("dump.rdb")))
  }
}
