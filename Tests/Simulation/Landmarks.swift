import Values
import VersionedStore

@testable import Engine

/// What every dataset of a simulation holds at every boundary between two units of execution, so that one look tells whether
/// it is whole and how far its writer had come.
///
/// Stones are keys that are written together, with the same value, when a dataset is begun or begun anew: if one is missing or
/// another than the rest, the dataset is not whole. The stamp is a number that grows with each write.
struct Landmarks: Equatable, CustomStringConvertible {
  enum Shape: Equatable {
    /// No key at all.
    case blank
    case whole
    case broken
  }

  /// No command of the mix reaches it.
  static let database = 9
  static let stones = (0..<8).map { Array("stone:\($0)".utf8) }
  static let stamp = Array("stamp".utf8)

  let shape: Shape
  /// What the stones say.
  let tag: String
  let number: Int

  init(shape: Shape, tag: String, number: Int) { (self.shape, self.tag, self.number) = (shape, tag, number) }

  init(_ root: Root) {
    func text(_ key: [UInt8]) -> String? {
      key.withBytes { key in
        guard let entry = root.find(Self.database, key, root.hashKey.hash(key)), entry.type == .string else {
          return nil
        }
        return StringReader(entry).withBytes { String(decoding: $0, as: UTF8.self) }
      }
    }
    let tags = Self.stones.map(text)
    number = text(Self.stamp).flatMap { Int($0) } ?? -1
    tag = tags[0] ?? "none"
    if let first = tags[0], tags.allSatisfy({ $0 == first }), number >= 0 {
      shape = .whole
    } else {
      shape = (0..<root.databaseCount).allSatisfy { root.keyCount($0) == 0 } ? .blank : .broken
    }
  }

  /// The commands that begin a dataset, in one transaction.
  static func beginning(tag: String, number: Int) -> [[String]] {
    [["MULTI"], ["FLUSHALL"], ["SELECT", "\(database)"]]
      + stones.map { ["SET", String(decoding: $0, as: UTF8.self), tag] }
      + [["SET", "stamp", "\(number)"], ["EXEC"]]
  }

  var description: String { shape == .blank ? "blank" : "\(shape) \(tag) at \(number)" }
}
