internal import RESP
internal import VersionedStore

// How COMMAND INFO and COMMAND DOCS show one command.
extension ReplyWriter {
  /// For clients: name, arity, flags, first key, last key, step, categories, tips, key specifications, subcommands.
  mutating func description(of record: CommandRecord) {
    let command = record.command
    let range = LegacyKeyRange(command.keys)
    arrayHeader(10)
    bulk(record.fullName)
    integer(command.arity.number)
    names(of: command.flags, among: CommandFlags.names)
    integer(range.first)
    integer(range.last)
    integer(range.step)
    names(of: command.allCategories, among: CommandCategories.names)
    let tips = CommandDocumentation.of(record.fullName).tips
    setHeader(tips.count)
    for tip in tips { bulk(tip) }
    setHeader(command.keys.count)
    for specification in command.keys { description(of: specification) }
    if record.subcommands.isEmpty { return setHeader(0) }
    arrayHeader(record.subcommands.count)
    for subcommand in record.subcommands { description(of: subcommand.value) }
  }

  /// The names of the bits that are set, as a set of statuses.
  mutating func names<Bits: OptionSet>(of bits: Bits, among names: [(Bits, StaticString)]) where Bits.Element == Bits {
    let set = names.filter { bits.contains($0.0) }
    setHeader(set.count)
    for (_, name) in set { simpleString(name) }
  }

  private mutating func description(of specification: KeySpecification) {
    mapHeader(specification.notes == nil ? 3 : 4)
    if let notes = specification.notes {
      bulk("notes")
      bulk(notes)
    }
    bulk("flags")
    names(of: specification.access, among: KeySpecification.Access.names)
    bulk("begin_search")
    switch specification.begin {
    case .index(let index):
      form("index", [("index", index)])
    case .keyword(let keyword, let start):
      formHeader("keyword", 2)
      bulk("keyword")
      bulk(keyword)
      bulk("startfrom")
      integer(start)
    case .unknown:
      formHeader("unknown", 0)
    }
    bulk("find_keys")
    switch specification.find {
    case .range(let last, let step, let limit):
      form("range", [("lastkey", last), ("keystep", step), ("limit", limit)])
    case .count(let at, let first, let step):
      form("keynum", [("keynumidx", at), ("firstkey", first), ("keystep", step)])
    case .unknown:
      formHeader("unknown", 0)
    }
  }

  private mutating func formHeader(_ type: StaticString, _ count: Int) {
    mapHeader(2)
    bulk("type")
    bulk(type)
    bulk("spec")
    mapHeader(count)
  }

  private mutating func form(_ type: StaticString, _ numbers: [(StaticString, Int)]) {
    formHeader(type, numbers.count)
    for (name, number) in numbers {
      bulk(name)
      integer(number)
    }
  }

  /// For people: summary, version, group, complexity, history and arguments, and the same for subcommands.
  mutating func documentation(of record: CommandRecord) {
    let command = record.command
    let document = CommandDocumentation.of(record.fullName)
    let hasComplexity = command.complexity.utf8CodeUnitCount > 0
    let parts = [
      hasComplexity, !document.flags.isEmpty, document.deprecatedSince != nil, document.successor != nil,
      !document.history.isEmpty, document.arguments != nil, !record.subcommands.isEmpty,
    ]
    mapHeader(3 + parts.count { $0 })
    bulk("summary")
    bulk(command.summary)
    bulk("since")
    bulk(command.since)
    bulk("group")
    bulk(command.group.rawValue)
    if hasComplexity {
      bulk("complexity")
      bulk(command.complexity)
    }
    if !document.flags.isEmpty {
      bulk("doc_flags")
      setHeader(document.flags.count)
      for flag in document.flags { simpleString(flag) }
    }
    if let since = document.deprecatedSince { bulk("deprecated_since", since) }
    if let successor = document.successor { bulk("replaced_by", successor) }
    if !document.history.isEmpty {
      bulk("history")
      setHeader(document.history.count)
      for (since, change) in document.history {
        arrayHeader(2)
        bulk(since)
        bulk(change)
      }
    }
    if let arguments = document.arguments {
      bulk("arguments")
      list(arguments)
    }
    guard !record.subcommands.isEmpty else { return }
    bulk("subcommands")
    mapHeader(record.subcommands.count)
    for subcommand in record.subcommands {
      bulk(subcommand.value.fullName)
      documentation(of: subcommand.value)
    }
  }

  private mutating func list(_ arguments: [CommandArgument]) {
    arrayHeader(arguments.count)
    for argument in arguments { description(of: argument) }
  }

  private mutating func description(of argument: CommandArgument) {
    let flags = argument.flags
    let parts = [
      argument.keySpecification != nil, argument.token != nil, argument.since != nil, argument.deprecatedSince != nil,
      !flags.isEmpty, !argument.arguments.isEmpty,
    ]
    mapHeader(2 + parts.count { $0 })
    bulk("name", argument.name)
    bulk("type", argument.kind.rawValue)
    if let number = argument.keySpecification {
      bulk("key_spec_index")
      integer(number)
    }
    if let token = argument.token { bulk("token", token) }
    if let since = argument.since { bulk("since", since) }
    if let since = argument.deprecatedSince { bulk("deprecated_since", since) }
    if !flags.isEmpty {
      bulk("flags")
      setHeader(flags.count)
      for flag in flags { simpleString(flag) }
    }
    if !argument.arguments.isEmpty {
      bulk("arguments")
      list(argument.arguments)
    }
  }

  private mutating func bulk(_ key: StaticString, _ value: String) {
    bulk(key)
    bulk(value)
  }
}

extension CommandArgument {
  fileprivate var flags: [StaticString] {
    let all: [(Bool, StaticString)] = [
      (isOptional, "optional"), (isMultiple, "multiple"), (repeatsToken, "multiple_token"),
    ]
    return all.filter(\.0).map(\.1)
  }
}

extension Command {
  /// The categories that were declared and those that the flags imply.
  var allCategories: CommandCategories {
    var all = categories
    if flags.contains(.write) { all.insert(.write) }
    if flags.contains(.readOnly), !categories.contains(.scripting) { all.insert(.read) }
    if flags.contains(.admin) { all.formUnion([.admin, .dangerous]) }
    if flags.contains(.pubsub) { all.insert(.pubsub) }
    if flags.contains(.blocking) { all.insert(.blocking) }
    if group == .version { all.insert(.version) }
    all.insert(flags.contains(.fast) ? .fast : .slow)
    return all
  }
}

/// Where the keys are, as clients older than key specifications read it: from an argument to another (negative from the
/// end) in steps. All of it is 0 where that cannot be said.
struct LegacyKeyRange {
  private(set) var first = 0
  private(set) var last = 0
  private(set) var step = 0

  init(_ specifications: [KeySpecification]) {
    var end = 0
    for specification in specifications {
      guard case .index(let index) = specification.begin,
        case .range(let offset, let step, _) = specification.find
      else { continue }
      // Several specifications make one range if each begins where the one before has ended.
      guard specifications.count == 1 || step == 1 && (end == 0 || end == index - 1) else { continue }
      if first == 0 { first = index }
      end = offset < 0 ? offset : index + offset
      last = end
      self.step = step
    }
  }
}
