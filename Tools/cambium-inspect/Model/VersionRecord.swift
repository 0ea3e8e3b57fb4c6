import RESP

/// A version as VERSION LIST and INFO describe it.
struct VersionRecord: Equatable {
  /// 0 for the live dataset.
  var id: Int
  var name: String?
  var reason: String
  /// The id of the version that it descends from.
  var parent: Int?
  /// Milliseconds since 1970.
  var created: Int
  var generation: Int
  var lineage: Int
  /// Keys in all databases together.
  var keys: Int
  /// Bytes that can be reached from it.
  var referenced: Int
  /// Bytes that dropping it alone would give back.
  var unique: Int
  /// Bytes that it got since its parent was sealed.
  var written: Int
  /// Tags that protect it from being dropped.
  var held: [String]

  var isLive: Bool { id == 0 }
}

extension VersionRecord {
  /// The fields by the server's names, which are also those of the JSON.
  enum Field: String, CodingKey {
    case id, name, reason, parent
    case created = "created-ms"
    case generation, lineage, keys
    case referenced = "referenced-bytes"
    case unique = "unique-bytes"
    case written = "written-bytes"
    case held
  }

  /// Reads a map; `command` is named in the error if it is something else. Fields that are not known are left alone.
  init(_ reply: Reply, to command: String) throws(InspectError) {
    guard case .map(let pairs) = reply else { throw .unexpectedReply(to: command) }
    let fields = FieldReader(pairs, command: command)
    id = try fields.required(.id, \.integer)
    name = try fields.optional(.name, \.text)
    reason = try fields.required(.reason, \.text)
    parent = try fields.optional(.parent, \.integer)
    created = try fields.required(.created, \.integer)
    generation = try fields.required(.generation, \.integer)
    lineage = try fields.required(.lineage, \.integer)
    keys = try fields.required(.keys, \.integer)
    referenced = try fields.required(.referenced, \.integer)
    unique = try fields.required(.unique, \.integer)
    written = try fields.required(.written, \.integer)
    held = try fields.required(.held, \.texts)
  }
}

/// Takes typed fields out of a map.
private struct FieldReader {
  private var values: [VersionRecord.Field: Reply] = [:]
  private let command: String

  init(_ pairs: [ReplyPair], command: String) {
    self.command = command
    for pair in pairs {
      if let field = pair.key.text.flatMap(VersionRecord.Field.init(rawValue:)) { values[field] = pair.value }
    }
  }

  func required<Value>(_ field: VersionRecord.Field, _ read: (Reply) -> Value?) throws(InspectError) -> Value {
    guard let reply = values[field], let value = read(reply) else { throw .unexpectedReply(to: command) }
    return value
  }

  /// The value of a field that must be there; nil when that is null.
  func optional<Value>(_ field: VersionRecord.Field, _ read: (Reply) -> Value?) throws(InspectError) -> Value? {
    values[field] == .null ? nil : try required(field, read)
  }
}

extension Reply {
  fileprivate var integer: Int? {
    if case .integer(let number) = self { number } else { nil }
  }

  fileprivate var texts: [String]? {
    guard case .array(let elements) = self else { return nil }
    let texts = elements.compactMap(\.text)
    return texts.count == elements.count ? texts : nil
  }
}
