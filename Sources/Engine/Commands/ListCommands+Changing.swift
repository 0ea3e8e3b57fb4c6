internal import RESP
internal import Values
internal import VersionedStore

/// Commands that change, remove or insert elements anywhere.
extension ListCommands {
  static let changing = [lset, ltrim, lrem, linsert]

  static let lset = Command(
    "lset", arity: .exactly(4), flags: [.write, .denyOOM], categories: [.list], keys: [.one([.readWrite, .update])],
    group: .list, since: "1.0.0", complexity: "O(log N) for N elements.", "Replaces the element at an index.",
    .write { call, edit throws(CommandError) in
      let key = call.key(1)
      guard let list = try edit.readList(key) else { throw .noSuchKey }
      let index = try call.integer(2)
      let place = index < 0 ? index + Int64(list.count) : index
      guard place >= 0, place < list.count else { throw .indexOutOfRange }
      edit.listEditor(key).set(call[3], at: Int(place))
      edit.changed(key, .list("lset"))
      call.reply.ok()
    })

  static let ltrim = Command(
    "ltrim", arity: .exactly(4), flags: [.write], categories: [.list], keys: [.one([.readWrite, .delete])],
    group: .list, since: "1.0.0", complexity: "O(N) for N elements removed.",
    "Removes all elements outside of a range.",
    .write { call, edit throws(CommandError) in
      let (first, last) = (try call.integer(2), try call.integer(3))
      let key = call.key(1)
      guard let list = try edit.readList(key) else { return call.reply.ok() }
      let (range, count) = (list.range(from: first, through: last), list.count)
      if range.isEmpty {
        edit.listEditor(key).remove(0..<count)
      } else if range.count < count {
        let editor = edit.listEditor(key)
        editor.remove(range.upperBound..<count)
        editor.remove(0..<range.lowerBound)
      }
      // Even if nothing was removed.
      edit.changed(key, .list("ltrim"), count: count - range.count)
      edit.tellIfGone(key)
      call.reply.ok()
    })

  static let lrem = Command(
    "lrem", arity: .exactly(4), flags: [.write], categories: [.list], keys: [.one([.readWrite, .delete])],
    group: .list, since: "1.0.0", complexity: "O(N) for N elements.",
    "Removes elements that are equal to a given one: so many from the head, from the tail, or all.",
    .write { call, edit throws(CommandError) in
      let wanted = try call.integer(2)
      let key = call.key(1)
      guard let list = try edit.readList(key) else { return call.reply.integer(0) }
      let limit = wanted == 0 ? Int.max : Int(clamping: wanted.magnitude)
      var found: [Int] = []
      if wanted < 0 {
        list.forEachReversed { index, element in
          if element.isSame(as: call[3]) { found.append(index) }
          return found.count < limit
        }
      } else {
        var index = 0
        list.forEach { element in
          if element.isSame(as: call[3]) { found.append(index) }
          index += 1
          return found.count < limit
        }
        found.reverse()
      }
      // From the tail on, so that the other numbers stay right.
      let editor = edit.listEditor(key)
      for index in found { editor.remove(index..<index + 1) }
      if !found.isEmpty {
        edit.changed(key, .list("lrem"), count: found.count)
        edit.tellIfGone(key)
      }
      call.reply.integer(found.count)
    })

  static let linsert = Command(
    "linsert", arity: .exactly(5), flags: [.write, .denyOOM], categories: [.list],
    keys: [.one([.readWrite, .insert])], group: .list, since: "2.2.0",
    complexity: "O(N) for N elements before the one looked for.",
    "Puts an element before or behind another.",
    .write { call, edit throws(CommandError) in
      let isBehind = call.matches(2, "after")
      guard isBehind || call.matches(2, "before") else { throw .syntax }
      let key = call.key(1)
      guard let list = try edit.readList(key) else { return call.reply.integer(0) }
      var index = 0
      var isFound = false
      list.forEach { element in
        isFound = element.isSame(as: call[3])
        if !isFound { index += 1 }
        return !isFound
      }
      guard isFound else { return call.reply.integer(-1) }
      let editor = edit.listEditor(key)
      editor.insert(call[4], at: isBehind ? index + 1 : index)
      edit.changed(key, .list("linsert"))
      call.reply.integer(editor.count)
    })
}

extension StoredValue {
  /// Whether a stored element is this text.
  func isSame(as text: Bytes) -> Bool {
    switch self {
    case .bytes(let bytes): bytes == text
    case .word(let word): text.count <= 20 && Int64(text: text) == word
    }
  }
}
