/// The notation in which the arguments of commands are written down here: a line for each command, close to what manuals
/// show, and complete enough to be the tree of `COMMAND DOCS`.
///
///     key value [condition(NX | XX)@2.6.12] [GET@6.2.0] [expiration(EX seconds:integer | KEEPTTL)]
///     numkeys:integer key... [WEIGHTS weight:integer...]
///     key [GET... pattern] [sorting=ALPHA] [STORE destination:key2]
///
/// | written | means |
/// |---|---|
/// | `name` | a value: a key if it is called `key`, a pattern if `pattern`, otherwise a string |
/// | `name:type` | a value of type `string`, `integer`, `double`, `key`, `pattern` or `time` |
/// | `name:key2`, `name:pattern1` | what the command's third, second key specification finds (`name:key`: the first) |
/// | `TOKEN value` | a value behind a fixed word |
/// | `TOKEN`, `name=TOKEN` | a fixed word; without a name it is called by itself, in lower case |
/// | `name(a b)`, `name(a \| b)` | all of them in order; one of them |
/// | `[a]`, `a...` | may be left out; may be repeated |
/// | `TOKEN... value` | may be repeated together with its word |
/// | `a@6.2.0`, `a!2.8.12` | exists since, is deprecated since, that version of Redis |
struct ArgumentNotation {
  private var rest: Substring

  /// The arguments that a line describes; nil if it is not well formed.
  static func parse(_ line: String) -> [CommandArgument]? {
    var notation = ArgumentNotation(rest: line[...])
    guard let arguments = notation.sequence(), notation.rest.isEmpty else { return nil }
    return arguments
  }

  private init(rest: Substring) { self.rest = rest }

  /// Up to the end, a bar or a closing bracket.
  private mutating func sequence() -> [CommandArgument]? {
    var arguments: [CommandArgument] = []
    while !isAtEnd {
      guard let argument = element() else { return nil }
      arguments.append(argument)
    }
    return arguments
  }

  private mutating func element() -> CommandArgument? {
    skipBlanks()
    guard take("[") else { return argument() }
    guard var argument = argument() else { return nil }
    skipBlanks()
    guard take("]") else { return nil }
    argument.isOptional = true
    return argument
  }

  private mutating func argument() -> CommandArgument? {
    guard let word = Word(takeWord()) else { return nil }
    if rest.first == "(" { return group(word) }
    guard word.isToken else { return word.argument }
    skipBlanks()
    if isAtEnd || rest.first == "[" || word.isNamed { return word.argument }
    guard var argument = argument() else { return nil }
    argument.token = word.text
    if word.isMultiple {
      argument.isMultiple = true
      argument.repeatsToken = true
    }
    return argument
  }

  private mutating func group(_ word: Word) -> CommandArgument? {
    rest.removeFirst()
    guard !word.isToken, let first = sequence() else { return nil }
    var group = CommandArgument(name: word.text, kind: .block, arguments: first)
    while take("|") {
      guard first.count == 1, let next = element() else { return nil }
      group.kind = .oneOf
      group.arguments.append(next)
      skipBlanks()
    }
    guard take(")"), let marks = Word("x" + takeWord()), !group.arguments.isEmpty else { return nil }
    group.since = marks.since
    group.deprecatedSince = marks.deprecatedSince
    group.isMultiple = marks.isMultiple
    return group
  }

  // MARK: Characters

  private var isAtEnd: Bool {
    mutating get {
      skipBlanks()
      return rest.isEmpty || "|)]".contains(rest[rest.startIndex])
    }
  }

  private mutating func skipBlanks() { rest = rest.drop { $0 == " " } }

  private mutating func take(_ character: Character) -> Bool {
    guard rest.first == character else { return false }
    rest.removeFirst()
    return true
  }

  private mutating func takeWord() -> Substring {
    let word = rest.prefix { !" []()|".contains($0) }
    rest = rest[word.endIndex...]
    return word
  }
}

/// A word of the notation with the marks behind it.
private struct Word {
  /// What is left without the marks: a name, a token, or both.
  var text: String
  var name: String
  var kind = CommandArgument.Kind.string
  var keySpecification: Int?
  var since: String?
  var deprecatedSince: String?
  var isMultiple = false
  /// Is a fixed word that has a name besides.
  var isNamed = false

  var isToken: Bool { kind == .pureToken }

  init?(_ word: Substring) {
    var word = word
    func cut(at mark: Character) -> String? {
      guard let place = word.lastIndex(of: mark), place != word.startIndex else { return nil }
      defer { word = word[..<place] }
      return String(word[word.index(after: place)...])
    }
    deprecatedSince = cut(at: "!")
    since = cut(at: "@")
    if word.hasSuffix("...") {
      isMultiple = true
      word.removeLast(3)
    }
    guard !word.isEmpty else { return nil }
    if let equals = word.firstIndex(of: "=") {
      name = String(word[..<equals])
      text = String(word[word.index(after: equals)...])
      (kind, isNamed) = (.pureToken, true)
      return
    }
    text = String(word)
    name = text.lowercased()
    if text != name, text == text.uppercased() {
      kind = .pureToken
      return
    }
    name = text
    if let colon = word.lastIndex(of: ":"), let type = Self.type(word[word.index(after: colon)...]) {
      (kind, keySpecification) = type
      name = String(word[..<colon])
    } else if text == "key" {
      (kind, keySpecification) = (.key, 0)
    } else if text == "pattern" {
      kind = .pattern
    }
  }

  private static func type(_ name: Substring) -> (CommandArgument.Kind, Int?)? {
    switch name {
    case "string": (.string, nil)
    case "integer": (.integer, nil)
    case "double": (.double, nil)
    case "pattern": (.pattern, nil)
    case "time": (.unixTime, nil)
    case "key": (.key, 0)
    case _ where name.hasPrefix("key"): Int(name.dropFirst(3)).map { (.key, $0) }
    case _ where name.hasPrefix("pattern"): Int(name.dropFirst(7)).map { (.pattern, $0) }
    default: nil
    }
  }

  var argument: CommandArgument {
    CommandArgument(
      name: name, kind: kind, token: isToken ? text : nil, keySpecification: keySpecification, since: since,
      deprecatedSince: deprecatedSince, isMultiple: isMultiple)
  }
}
