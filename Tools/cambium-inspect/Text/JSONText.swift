import Foundation

/// The output of `--json`: fields are named as the server names them.
enum JSONText {
  static func render(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}

extension VersionRecord: Encodable {
  func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Field.self)
    try fields.encode(id, forKey: .id)
    // What is absent is there as null, not left out.
    try fields.encode(name, forKey: .name)
    try fields.encode(reason, forKey: .reason)
    try fields.encode(parent, forKey: .parent)
    try fields.encode(created, forKey: .created)
    try fields.encode(generation, forKey: .generation)
    try fields.encode(lineage, forKey: .lineage)
    try fields.encode(keys, forKey: .keys)
    try fields.encode(referenced, forKey: .referenced)
    try fields.encode(unique, forKey: .unique)
    try fields.encode(written, forKey: .written)
    try fields.encode(held, forKey: .held)
  }
}

/// A key that is not UTF-8 becomes `{"base64": …}`.
private struct JSONKey: Encodable {
  let bytes: [UInt8]

  func encode(to encoder: any Encoder) throws {
    let text = String(decoding: bytes, as: UTF8.self)
    var container = encoder.singleValueContainer()
    if Array(text.utf8) == bytes {
      try container.encode(text)
    } else {
      try container.encode(["base64": Data(bytes).base64EncodedString()])
    }
  }
}

extension VersionDifference: Encodable {
  private enum CodingKeys: String, CodingKey {
    case added, removed, changed
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(added.map(JSONKey.init), forKey: .added)
    try container.encode(removed.map(JSONKey.init), forKey: .removed)
    try container.encode(changed.map(JSONKey.init), forKey: .changed)
  }
}

extension FieldDifference: Encodable {
  private enum CodingKeys: String, CodingKey {
    case added, removed, changed, groups, properties
  }

  func encode(to encoder: any Encoder) throws {
    try fields.encode(to: encoder)
    guard let groups else { return }
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(groups, forKey: .groups)
    try container.encode(properties, forKey: .properties)
  }
}

extension FieldDifference.Changes: Encodable {
  private enum CodingKeys: String, CodingKey {
    case added, removed, changed
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(added, forKey: .added)
    try container.encode(removed, forKey: .removed)
    try container.encode(changed, forKey: .changed)
  }
}

/// A name alone, or a place with what stands there.
extension FieldDifference.Item: Encodable {
  private enum CodingKeys: String, CodingKey {
    case index, element, offset, length
  }

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .name(let name): try JSONKey(bytes: name).encode(to: encoder)
    case .element(let index, let element):
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(index, forKey: .index)
      try container.encode(JSONKey(bytes: element), forKey: .element)
    case .bytes(let offset, let count):
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(offset, forKey: .offset)
      try container.encode(count, forKey: .length)
    }
  }
}
