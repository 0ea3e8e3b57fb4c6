import Testing
import VersionedStore

@testable import Engine

@Suite struct ArgumentNotationTests {
  @Test func everyLineIsWellFormed() {
    for text in CommandSyntax.all {
      for (name, syntax) in CommandDocumentation.entries(text) {
        #expect(ArgumentNotation.parse(syntax)?.isEmpty == false, "\(name)")
      }
    }
  }

  @Test func nothingIsDeclaredTwice() {
    for texts in [CommandSyntax.all, [CommandHistory.deprecations], [CommandTips.all]] {
      let names = texts.flatMap { CommandDocumentation.entries($0).map(\.0) }
      #expect(Set(names).count == names.count)
    }
  }

  /// A key says which of the command's specifications finds it.
  @Test func specificationsAreThere() {
    func walk(_ record: CommandRecord, _ arguments: [CommandArgument]) {
      for argument in arguments {
        if let number = argument.keySpecification {
          #expect(record.command.keys.indices.contains(number), "\(record.fullName): \(argument.name)")
        }
        walk(record, argument.arguments)
      }
    }
    let table = CommandTable(StandardCommands.families)
    withExtendedLifetime(table) {
      for record in table.all.flatMap({ [$0] + $0.value.subcommands }) {
        walk(record.value, CommandDocumentation.of(record.value.fullName).arguments ?? [])
      }
    }
  }

  @Test func aLineIsTakenToPieces() throws {
    let line =
      "key [GET... pattern] [by(FROM member | x=* | box(w:double h:double)...)@6.2.0] [s=ALPHA!2.0.0] count:integer..."
    let arguments = try #require(ArgumentNotation.parse(line))
    #expect(arguments.map(\.name) == ["key", "pattern", "by", "s", "count"])
    #expect(arguments.map(\.kind) == [.key, .pattern, .oneOf, .pureToken, .integer])
    #expect(arguments.map(\.isOptional) == [false, true, true, true, false])
    #expect(arguments.map(\.isMultiple) == [false, true, false, false, true])
    #expect(arguments.map(\.token) == [nil, "GET", nil, "ALPHA", nil])
    #expect(arguments[0].keySpecification == 0)
    #expect(arguments[1].repeatsToken)
    #expect(arguments[2].since == "6.2.0")
    #expect(arguments[2].arguments.map(\.kind) == [.string, .pureToken, .block])
    #expect(arguments[2].arguments.map(\.token) == ["FROM", "*", nil])
    #expect(arguments[2].arguments[2].arguments.map(\.kind) == [.double, .double])
    #expect(arguments[3].deprecatedSince == "2.0.0")
  }

  @Test(arguments: ["[a", "a]", "(a)", "a(b", "a(b | )", "a(b c | d)", "|", "a(", "A(b)", "[]", "a()"])
  func whatIsNotWellFormedIsRefused(_ line: String) {
    #expect(ArgumentNotation.parse(line) == nil)
  }
}
