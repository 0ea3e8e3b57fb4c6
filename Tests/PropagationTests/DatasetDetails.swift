import RESP
import TestSupport

/// What DEBUG DIGEST does not tell of a dataset: the groups of streams, and when fields of hashes expire.
struct DatasetDetails {
  private var replies: [String: Reply] = [:]

  /// Asks a server with `ask`, which leaves it in another database.
  init(databases: Int, withFields: Bool, _ ask: ([[UInt8]]) throws -> Reply?) throws {
    func words(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }
    for database in 0..<databases {
      _ = try ask(words("SELECT", "\(database)"))
      for key in try ask(words("KEYS", "*"))?.elements.compactMap(\.bytes) ?? [] {
        let name = "\(database) \(String(decoding: key, as: UTF8.self))"
        switch try ask(words("TYPE") + [key])?.text {
        case "stream":
          replies[name] = try ask(words("XINFO", "STREAM") + [key] + words("FULL", "COUNT", "0"))?.withoutOwnAffairs
        case "hash" where withFields:
          let fields = try ask(words("HKEYS") + [key])?.elements.compactMap(\.bytes) ?? []
          let sorted = fields.sorted { $0.lexicographicallyPrecedes($1) }
          replies[name] = try ask(words("HPEXPIRETIME") + [key] + words("FIELDS", "\(sorted.count)") + sorted)
        default: break
        }
      }
    }
  }

  /// What is another thing there, key by key.
  func differences(from others: DatasetDetails) -> [String] {
    Set(replies.keys).union(others.replies.keys).sorted().compactMap { key in
      let (here, there) = (replies[key], others.replies[key])
      guard here != there else { return nil }
      func text(_ reply: Reply?) -> String { reply.map { "\($0)" } ?? "nothing" }
      return "\(key): \(text(here))\n  for \(text(there))"
    }
  }
}

extension Reply {
  /// Without the time at which somebody was seen last, which nobody else is told, and the nodes of a server's own tree.
  fileprivate var withoutOwnAffairs: Reply {
    guard case .array(let elements) = self else { return self }
    var (rest, index) = ([Reply](), 0)
    while index < elements.count {
      if ["seen-time", "radix-tree-keys", "radix-tree-nodes"].contains(elements[index].text) {
        index += 2
      } else {
        rest.append(elements[index].withoutOwnAffairs)
        index += 1
      }
    }
    return .array(rest)
  }
}
