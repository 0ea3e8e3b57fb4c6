internal import RESP
internal import Values
internal import VersionedStore

/// Commands that draw members at random, each equally likely.
extension SetCommands {
  static let drawing = [spop, srandmember]

  static let spop = Command(
    "spop", arity: .atLeast(2), flags: [.write, .fast], categories: [.set],
    keys: [.one([.readWrite, .access, .delete])], member: Command.drawn, group: .set, since: "1.0.0",
    complexity: "O(N) for N members of the answer.", "Removes members drawn at random and answers with them.",
    .write { call, edit throws(CommandError) in
      guard call.count > 2 else { return try popOne(&call, edit) }
      guard call.count == 3 else { throw .syntax }
      let wanted = try call.integer(2, or: .notPositive)
      guard wanted >= 0 else { throw .notPositive }
      guard let set = try edit.readSet(call.key(1)), wanted > 0 else { return call.reply.setHeader(0) }
      // Redis reads a set that is popped as a whole, and counts that.
      if wanted >= set.count { _ = edit.read(call.key(1)) }
      let drawn = distinct(set, Int(wanted), edit.random)
      call.reply.setHeader(drawn.count)
      for member in drawn { member.withBytes { call.reply.bulk($0) } }
      let isWhole = drawn.count == set.count
      if isWhole {
        edit.remove(call.key(1))
      } else {
        let editor = try edit.set(call.key(1))
        for member in drawn { member.withBytes { _ = editor.remove($0) } }
      }
      edit.changed(call.key(1), .set("spop"), count: drawn.count)
      edit.tellIfGone(call.key(1))
      if edit.tellsEffects { tell(drawn, isWhole: isWhole, call.key(1), edit) }
    })

  private static func tell(_ drawn: [[UInt8]], isWhole: Bool, _ key: Key, _ edit: Edit) {
    if isWhole { return edit.tellRemovalInstead(key, isLazy: false) }
    edit.effects.replaceCommand()
    for member in drawn {
      edit.tell(count: 3) { writer in
        writer.bulk("SREM")
        writer.bulk(key.bytes)
        writer.bulk(member)
      }
    }
  }

  private static func popOne(_ call: inout Call, _ edit: Edit) throws(CommandError) {
    var generator = call.draw
    guard let member = try edit.readSet(call.key(1))?.random(using: &generator) else { return call.reply.null() }
    call.reply.bulk(member)
    // What was drawn lies in the set, and what is removed must not.
    let key = call.key(1)
    let editor = SetEditor(edit.place(key), edit.limits)
    member.withCopy { member in
      _ = editor.remove(member)
      edit.tellInstead(count: 3) { writer in
        writer.bulk("SREM")
        writer.bulk(key.bytes)
        writer.bulk(member)
      }
    }
    edit.changed(key, .set("spop"))
    edit.tellIfGone(key)
  }

  static let srandmember = Command(
    "srandmember", arity: .atLeast(2), flags: [.readOnly], categories: [.set], keys: [.one([.readOnly, .access])],
    member: Command.drawn, group: .set, since: "1.0.0", complexity: "O(N) for N members of the answer.",
    "Answers with members drawn at random.",
    .read { call, view throws(CommandError) in
      guard call.count > 2 else {
        var generator = call.draw
        guard let member = try view.set(call.key(1))?.random(using: &generator) else { return call.reply.null() }
        return call.reply.bulk(member)
      }
      var generator = view.random
      guard call.count == 3 else { throw .syntax }
      let wanted = try call.integer(2)
      guard wanted != .min else { throw .outOfSignedRange }
      guard let set = try view.set(call.key(1)), wanted != 0 else { return call.reply.arrayHeader(0) }
      guard wanted > 0 || call.mayRepeat(-wanted) else { throw .outOfPairRange }
      guard wanted < 0 else {
        let drawn = distinct(set, Int(wanted), view.random)
        call.reply.arrayHeader(drawn.count)
        for member in drawn { member.withBytes { call.reply.bulk($0) } }
        return
      }
      call.reply.arrayHeader(Int(-wanted))
      for _ in 0..<Int(-wanted) {
        if call.isReplyTooLong { return }
        if let member = set.random(using: &generator) { call.reply.bulk(member) }
      }
    })

  /// So many different members, or all of them; copied, since they may be removed next.
  private static func distinct(_ set: SetReader, _ wanted: Int, _ random: SharedRandom) -> [[UInt8]] {
    var generator = random
    if wanted < set.count / 3 {
      // Few of many: drawing anew what was drawn before is cheaper than to list all.
      var seen: Set<[UInt8]> = []
      while seen.count < wanted {
        guard let member = set.random(using: &generator) else { break }
        seen.insert(member.withBytes { Array($0) })
      }
      return Array(seen)
    }
    let all = members(of: set)
    return wanted < all.count ? Array(all.shuffled(using: &generator).prefix(wanted)) : all
  }

  /// All members, copied.
  static func members(of set: SetReader) -> [[UInt8]] {
    var all: [[UInt8]] = []
    all.reserveCapacity(set.count)
    set.forEach { member in
      all.append(member.withBytes { Array($0) })
      return true
    }
    return all
  }
}
