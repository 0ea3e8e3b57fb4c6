internal import RESP
internal import VersionedStore

/// What a client has queued between MULTI and EXEC.
final class Transaction {
  private struct Item {
    let record: Fixed<CommandRecord>
    /// The number of its first argument among all.
    let first: Int
    let count: Int
  }

  private var items: [Item] = []
  /// Lengths of all arguments, which lie one behind the other in `bytes`.
  private var lengths: [Int] = []
  private let bytes = ByteQueue(capacity: 256)
  /// What the queued commands do, taken together.
  private(set) var flags: CommandFlags = []
  /// One of them may not be served while the primary is out of reach (`replica-serve-stale-data no`).
  private(set) var needsFreshData = false
  /// A command was refused while it was to be queued: EXEC will refuse all of them.
  var isDoomed = false
  /// A command that fails at run time takes back what the others have done: never; by the configuration; as the client has asked
  /// for it.
  enum Rollback { case never, configured, asked }
  private let rollback: Rollback

  init(_ rollback: Rollback) { self.rollback = rollback }

  /// The server's role cannot be taken back, nor what was told to replicas and to the log before it changed. Where the client
  /// counts on all being taken back, the command that changes it is refused. Where only the configuration says so, all runs as it
  /// does without: Sentinel sends REPLICAOF, CONFIG REWRITE and CLIENT KILL in one transaction, and the last have to be run though
  /// the second fails.
  var rollsBack: Bool { rollback == .asked || rollback == .configured && !flags.contains(.changesRole) }

  deinit { bytes.deallocate() }

  var count: Int { items.count }
  /// Bytes of memory that the queue takes, as CLIENT LIST shows them (`multi-mem`).
  var byteCount: Int { bytes.count + items.capacity * MemoryLayout<Item>.stride + lengths.capacity * 8 }

  /// `commandFlags` are those of the command, or what a script that it runs has made of them.
  func append(_ call: borrowing Call, _ commandFlags: CommandFlags) {
    items.append(Item(record: call.command, first: lengths.count, count: call.count))
    flags.formUnion(commandFlags)
    if !commandFlags.contains(.stale) { needsFreshData = true }
    for index in 0..<call.count {
      lengths.append(call[index].count)
      bytes.append(call[index])
    }
  }

  /// Calls `body` with every command in turn, until it answers false. The arguments are good until it is over.
  func forEach(_ body: (Fixed<CommandRecord>, BytesList, _ first: Int, _ count: Int) -> Bool) {
    let arguments = BytesList()
    defer { arguments.deallocate() }
    var offset = 0
    let all = bytes.bytes
    for length in lengths {
      arguments.append(all[offset..<offset + length])
      offset += length
    }
    for item in items where !body(item.record, arguments, item.first, item.count) { return }
  }
}
