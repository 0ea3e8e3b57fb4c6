internal import RESP
internal import Values
internal import VersionedStore

/// What is told of entries that are given to consumers of a group: where they are pending then, since when, and how often
/// they were delivered, so that nobody else has to read a clock.
struct StreamDeliveries {
  private let edit: Edit
  private let key: Bytes
  private let group: Bytes
  /// What it reads may have moved with every change.
  private let editor: StreamGroupEditor

  /// Nil if nobody is told. In any case the command itself is not told.
  init?(_ edit: Edit, key: Bytes, group: Bytes, _ editor: StreamGroupEditor) {
    guard edit.tellsEffects else { return nil }
    edit.effects.replaceCommand()
    (self.edit, self.key, self.group, self.editor) = (edit, key, group, editor)
  }

  private var reader: StreamGroup { editor.reader }

  /// The last id that the group was given.
  var last: StreamID { reader.lastID }

  /// An entry is pending for a consumer. Where there is no such entry any more, it ceases to be pending.
  ///
  /// - Parameters:
  ///   - id: as the client has written it.
  ///   - last: the last id that the group was given.
  func tellPending(_ record: PendingList.Record, id: Bytes? = nil, of consumer: Bytes, last: StreamID) {
    edit.tell(count: 14) { writer in
      writer.bulk("XCLAIM")
      writer.bulk(key)
      writer.bulk(group)
      writer.bulk(consumer)
      writer.bulk("0")
      if let id { writer.bulk(id) } else { writer.streamID(record.id) }
      writer.bulk("TIME")
      writer.bulk(Int(record.delivered))
      writer.bulk("RETRYCOUNT")
      writer.bulk(Int(truncatingIfNeeded: record.count))
      writer.bulk("FORCE")
      writer.bulk("JUSTID")
      writer.bulk("LASTID")
      writer.streamID(last)
    }
  }

  /// An entry that was pending is not any more, because it is not there any more.
  func tellGone(_ record: PendingList.Record, id: Bytes? = nil) {
    (reader.names[record.consumer] ?? []).withBytes { tellPending(record, id: id, of: $0, last: last) }
  }

  /// The group was given entries up to its last id.
  func tellPosition() {
    edit.tell(count: 7) { writer in
      writer.bulk("XGROUP")
      writer.bulk("SETID")
      writer.bulk(key)
      writer.bulk(group)
      writer.streamID(last)
      writer.bulk("ENTRIESREAD")
      writer.bulk(reader.entriesRead.flatMap { Int(exactly: $0) } ?? -1)
    }
  }

  func tellConsumer(_ name: Bytes) {
    edit.tell(count: 5) { writer in
      writer.bulk("XGROUP")
      writer.bulk("CREATECONSUMER")
      writer.bulk(key)
      writer.bulk(group)
      writer.bulk(name)
    }
  }
}
