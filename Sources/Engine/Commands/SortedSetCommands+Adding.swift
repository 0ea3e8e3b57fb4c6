internal import RESP
internal import Values
internal import VersionedStore

/// ZADD and ZINCRBY.
extension SortedSetCommands {
  static let adding = [zadd, zincrby]

  private struct Options: OptionSet {
    let rawValue: UInt8
    static let onlyNew = Options(rawValue: 1)
    static let onlyThere = Options(rawValue: 2)
    static let onlyGreater = Options(rawValue: 4)
    static let onlyLess = Options(rawValue: 8)
    static let countsChanges = Options(rawValue: 16)
    static let increments = Options(rawValue: 32)
  }

  private enum Outcome {
    case nothing, added, updated, same
  }

  static let zadd = Command(
    "zadd", arity: .atLeast(4), flags: [.write, .denyOOM, .fast], categories: [.sortedSet],
    keys: [.one([.readWrite, .update])], member: 3, group: .sortedSet, since: "1.2.0",
    complexity: "O(log(N)) for each member, with N members in the set.",
    "Adds members to a sorted set, or gives them another score.",
    .write { call, edit throws(CommandError) in
      let (options, first) = try options(call)
      try add(&call, edit, options, from: first)
    })

  static let zincrby = Command(
    "zincrby", arity: .exactly(4), flags: [.write, .denyOOM, .fast], categories: [.sortedSet],
    keys: [.one([.readWrite, .access, .update])], member: 3, group: .sortedSet, since: "1.2.0",
    complexity: "O(log(N)) with N members in the set.", "Adds a number to the score of a member.",
    .write { call, edit throws(CommandError) in
      // ZADD reads options here first, and Redis does so for this command too: what is left is no pair then.
      let (options, first) = try options(call)
      try add(&call, edit, options.union(.increments), from: first)
    })

  private static func options(_ call: borrowing Call) throws(CommandError) -> (Options, first: Int) {
    var options: Options = []
    var index = 2
    scan: while index < call.count {
      switch call[index].first {
      case UInt8(ascii: "n"), UInt8(ascii: "N"):
        guard call.matches(index, "nx") else { break scan }
        options.insert(.onlyNew)
      case UInt8(ascii: "x"), UInt8(ascii: "X"):
        guard call.matches(index, "xx") else { break scan }
        options.insert(.onlyThere)
      case UInt8(ascii: "c"), UInt8(ascii: "C"):
        guard call.matches(index, "ch") else { break scan }
        options.insert(.countsChanges)
      case UInt8(ascii: "i"), UInt8(ascii: "I"):
        guard call.matches(index, "incr") else { break scan }
        options.insert(.increments)
      case UInt8(ascii: "g"), UInt8(ascii: "G"):
        guard call.matches(index, "gt") else { break scan }
        options.insert(.onlyGreater)
      case UInt8(ascii: "l"), UInt8(ascii: "L"):
        guard call.matches(index, "lt") else { break scan }
        options.insert(.onlyLess)
      default: break scan
      }
      index += 1
    }
    let left = call.count - index
    guard left > 0, left % 2 == 0 else { throw .syntax }
    if options.isSuperset(of: [.onlyNew, .onlyThere]) { throw .exclusiveAddOptions }
    if options.isSuperset(of: [.onlyGreater, .onlyNew]) || options.isSuperset(of: [.onlyLess, .onlyNew])
      || options.isSuperset(of: [.onlyGreater, .onlyLess])
    {
      throw .comparingAddOptions
    }
    if options.contains(.increments), left > 2 { throw .incrementOfMany }
    return (options, index)
  }

  @inline(__always)
  private static func add(_ call: inout Call, _ edit: Edit, _ options: Options, from first: Int) throws(CommandError) {
    // All are read before the first is stored.
    var index = first
    var score = 0.0
    while index < call.count {
      score = try call.score(index)
      index &+= 2
    }
    let isSingle = call.count &- first == 2
    let key = call.key(1)
    let entry = edit.find(key)
    if let entry, entry.type != .sortedSet { throw .wrongType }
    if entry == nil, !options.contains(.onlyThere) { edit.created(key) }
    let editor = SortedSetEditor(edit.place(key), edit.limits, addingTo: entry)
    var (added, updated) = (0, 0)
    index = first
    var last = Outcome.nothing
    while index < call.count {
      if !isSingle { score = try call.score(index) }
      last = try add(editor, call[index &+ 1], &score, options)
      switch last {
      case .added: added &+= 1
      case .updated: updated &+= 1
      case .nothing, .same: break
      }
      index &+= 2
    }
    if added &+ updated > 0 {
      edit.changed(key, .sortedSet(options.contains(.increments) ? "zincr" : "zadd"), count: added &+ updated)
    }
    if options.contains(.increments) {
      if last == .nothing { call.reply.null() } else { call.reply.score(score) }
    } else {
      call.reply.integer(options.contains(.countsChanges) ? added &+ updated : added)
    }
  }

  /// Leaves in `score` the one that the member has then.
  @inline(__always)
  private static func add(
    _ editor: SortedSetEditor, _ member: Bytes, _ score: inout Double, _ options: Options
  ) throws(CommandError) -> Outcome {
    guard let former = editor.score(of: member) else {
      if options.contains(.onlyThere) { return .nothing }
      editor.set(member, score, former: nil)
      return .added
    }
    if options.contains(.onlyNew) { return .nothing }
    if options.contains(.increments) {
      score += former
      if score.isNaN { throw .scoreNotNumber }
    }
    if options.contains(.onlyLess), score >= former { return .nothing }
    if options.contains(.onlyGreater), score <= former { return .nothing }
    guard score != former else { return .same }
    editor.set(member, score, former: former)
    return .updated
  }
}
