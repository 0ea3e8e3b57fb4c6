internal import VersionedStore

/// The most memory that the process has had.
struct PeakMemory {
  /// What was allocated when the engine was made.
  let startupBytes: Int
  private(set) var bytes: Int

  init() {
    startupBytes = ProcessMemory.now().allocated
    bytes = startupBytes
  }

  mutating func note(_ allocated: Int) { bytes = max(bytes, allocated) }

  mutating func reset() { bytes = ProcessMemory.now().allocated }
}
