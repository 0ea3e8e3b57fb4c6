internal import RESP
internal import VersionedStore

/// A message that goes to many sessions: put into the form of a protocol once, when the first one that speaks it is met.
///
/// The memory is the engine's and used for one message after the other.
struct Message {
  private let forms: Scratch
  private let write: (inout ReplyWriter) -> Void

  /// Where messages are put together, for each protocol.
  struct Scratch {
    private let resp2 = ByteQueue()
    private let resp3 = ByteQueue()

    func deallocate() {
      resp2.deallocate()
      resp3.deallocate()
    }

    fileprivate func queue(_ version: ProtocolVersion) -> ByteQueue { version == .resp2 ? resp2 : resp3 }

    /// Memory that a long message took is given back.
    fileprivate func clear() {
      for queue in [resp2, resp3] where queue.count > 0 { queue.consume(queue.count, keep: 64 << 10) }
    }
  }

  /// Calls `body` with a message that `write` writes.
  static func with(_ scratch: Scratch, _ write: (inout ReplyWriter) -> Void, _ body: (Message) -> Void) {
    withoutActuallyEscaping(write) { write in
      scratch.clear()
      body(Message(forms: scratch, write: write))
      scratch.clear()
    }
  }

  /// The message as a session that speaks this version is sent it.
  func bytes(_ version: ProtocolVersion) -> Bytes {
    let queue = forms.queue(version)
    if queue.count == 0 {
      var writer = ReplyWriter(queue, version)
      write(&writer)
    }
    return queue.bytes
  }
}
