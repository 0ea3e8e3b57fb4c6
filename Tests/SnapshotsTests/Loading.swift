import Snapshots
import VersionedStore

/// Files made by hand, read into a dataset.
enum Loading {
  static let now: Int64 = 1_700_000_000_000

  static func form(dropsExpired: Bool = false) -> DatasetLoader.Form {
    var form = DatasetLoader.Form(databaseCount: 16, countsUses: false)
    form.dropsExpired = dropsExpired
    return form
  }

  /// A file of version 12 without a checksum.
  static func file(_ items: [UInt8]...) -> [UInt8] {
    Array("REDIS0012".utf8) + items.flatMap(\.self) + [255] + [UInt8](repeating: 0, count: 8)
  }

  static func load(
    _ file: [UInt8], dropsExpired: Bool = false, chunkSize: Int = .max / 2
  ) throws(SnapshotError) -> DatasetLoader {
    var loader = DatasetLoader(form(dropsExpired: dropsExpired), nowMilliseconds: now)
    var reader = SnapshotReader()
    try file.withBytes { bytes throws(SnapshotError) in
      var position = 0
      while position < bytes.count {
        let end = min(bytes.count, position + chunkSize)
        let taken = try reader.receive(bytes[position..<end], into: &loader)
        guard taken == end - position else { break }
        position = end
      }
    }
    try reader.finish()
    return loader
  }

  /// The file that a dataset is saved to.
  static func save(_ dataset: Dataset, newestVersion: Int = 12) throws(SnapshotWriteFailure) -> [UInt8] {
    var content = SnapshotContent(root: dataset.head)
    content.functionLibraries = dataset.attachments
    content.mayHaveExpiringFields = dataset.hasHadInnerExpiry
    var options = SnapshotOptions(now: now)
    options.newestVersion = newestVersion
    var file: [UInt8] = []
    try SnapshotWriter.write(content, options) { file.append(contentsOf: $0) }
    return file
  }
}
