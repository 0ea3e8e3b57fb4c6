import Values
import VersionedStore

/// What a dataset holds, in words that can be compared.
enum DatasetText {
  static func text(_ dataset: Dataset, database: Int = 0) -> [String: String] {
    var values: [String: String] = [:]
    dataset.head.forEach(database) { entry in
      let expiry = entry.expiry.map { " @\($0)" } ?? ""
      values[text(entry.key)] = text(of: entry) + expiry
      return true
    }
    return values
  }

  static func text(_ bytes: Bytes) -> String { String(decoding: bytes, as: UTF8.self) }
  static func text(_ value: StoredValue) -> String { value.withBytes { text($0) } }

  static func text(of entry: Entry) -> String {
    switch entry.type {
    case .string: return text(entry.value)
    case .list:
      var elements: [String] = []
      ListReader(entry).forEach { element in
        elements.append(text(element))
        return true
      }
      return "\(elements)"
    case .set:
      var members: [String] = []
      SetReader(entry).forEach { member in
        members.append(text(member))
        return true
      }
      return "{\(members.sorted().joined(separator: ", "))}"
    case .sortedSet:
      var members: [String] = []
      SortedSetReader(entry).forEach { member, score in
        members.append("\(text(member)): \(score)")
        return true
      }
      return "<\(members.joined(separator: ", "))>"
    case .hash:
      var fields: [String] = []
      HashReader(entry).forEach { field, value, expiry in
        fields.append("\(text(field)): \(text(value))\(expiry.map { " @\($0)" } ?? "")")
        return true
      }
      return "{\(fields.sorted().joined(separator: ", "))}"
    case .stream: return text(StreamReader(entry))
    }
  }

  private static func text(_ id: StreamID) -> String { "\(id.milliseconds)-\(id.sequence)" }

  private static func text(_ stream: StreamReader) -> String {
    var parts: [String] = []
    stream.forEach(from: .least, through: .greatest) { entry in
      var fields: [String] = []
      entry.forEachField { fields.append("\(text($0))=\(text($1))") }
      parts.append("\(text(entry.id)) \(fields.joined(separator: " "))")
      return true
    }
    parts.append("last \(text(stream.lastID)), deleted \(text(stream.maxDeletedID)), added \(stream.added)")
    for (name, group) in stream.groups {
      let read = group.entriesRead.map { "\($0)" } ?? "?"
      parts.append("group \(name.withBytes { text($0) }) \(text(group.lastID)) read \(read)")
      let names = group.names
      group.pending.forEach { record in
        let owner = names[record.consumer].map { $0.withBytes { text($0) } } ?? "nobody"
        parts.append("pending \(text(record.id)) \(owner) \(record.delivered) \(record.count)")
        return true
      }
      for (name, consumer) in group.consumers {
        var ids: [String] = []
        consumer.pending.forEach { record in
          ids.append(text(record.id))
          return true
        }
        parts.append("consumer \(name.withBytes { text($0) }) \(consumer.seenMilliseconds) \(ids)")
      }
    }
    return parts.joined(separator: "; ")
  }
}
