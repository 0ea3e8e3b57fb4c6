import RESP

/// What is different inside one key between two versions.
struct FieldDifference: Equatable {
  var fields = Changes()
  /// Of a stream alone: its groups, and what else has changed about it.
  var groups: Changes?
  var properties: [String] = []

  struct Changes: Equatable {
    var added: [Item] = []
    var removed: [Item] = []
    var changed: [Item] = []

    var isEmpty: Bool { added.isEmpty && removed.isEmpty && changed.isEmpty }

    static func += (total: inout Changes, page: Changes) {
      total.added += page.added
      total.removed += page.removed
      total.changed += page.changed
    }
  }

  enum Item: Equatable {
    /// A field, a member, an id, a group.
    case name([UInt8])
    /// An element of a list.
    case element(index: Int, [UInt8])
    /// Bytes of a string.
    case bytes(offset: Int, count: Int)
  }

  static func += (total: inout FieldDifference, page: FieldDifference) {
    total.fields += page.fields
    if let groups = page.groups {
      total.groups = total.groups ?? Changes()
      total.groups? += groups
    }
    total.properties += page.properties
  }

  /// One reply of VERSION DIFF ... FIELDS.
  struct Page {
    /// Where the next page begins; `0` when there is none.
    let cursor: String
    let difference: FieldDifference

    init(_ reply: Reply) throws(InspectError) {
      guard case .array(let parts) = reply, parts.count == 2, let cursor = parts[0].text else {
        throw .unexpectedReply(to: "VERSION DIFF")
      }
      self.cursor = cursor
      var difference = FieldDifference(fields: try Changes(parts[1]))
      if let groups = parts[1].value("groups") { difference.groups = try Changes(groups) }
      if case .array(let properties)? = parts[1].value("properties") {
        difference.properties = properties.compactMap(\.text)
      }
      self.difference = difference
    }
  }
}

extension FieldDifference.Changes {
  init(_ reply: Reply) throws(InspectError) {
    func items(_ name: String) throws(InspectError) -> [FieldDifference.Item] {
      guard case .array(let items)? = reply.value(name) else { throw .unexpectedReply(to: "VERSION DIFF") }
      return try items.map { item throws(InspectError) in try FieldDifference.Item(item) }
    }
    added = try items("added")
    removed = try items("removed")
    changed = try items("changed")
  }
}

extension FieldDifference.Item {
  init(_ reply: Reply) throws(InspectError) {
    if let name = reply.bytes {
      self = .name(name)
      return
    }
    guard case .array(let pair) = reply, pair.count == 2, case .integer(let place) = pair[0] else {
      throw .unexpectedReply(to: "VERSION DIFF")
    }
    if case .integer(let count) = pair[1] {
      self = .bytes(offset: place, count: count)
    } else if let element = pair[1].bytes {
      self = .element(index: place, element)
    } else {
      throw .unexpectedReply(to: "VERSION DIFF")
    }
  }

  /// On one line.
  var text: String {
    switch self {
    case .name(let name): HumanText.key(name)
    case .element(let index, let element): "[\(index)] \(HumanText.key(element))"
    case .bytes(let offset, let count):
      count == 1 ? "byte \(offset)" : "bytes \(offset) to \(offset + count - 1)"
    }
  }
}

extension Reply {
  /// The value under a key of a map.
  fileprivate func value(_ key: String) -> Reply? {
    guard case .map(let pairs) = self else { return nil }
    return pairs.first { $0.key.text == key }?.value
  }
}
