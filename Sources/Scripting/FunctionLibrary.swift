internal import Engine
internal import Values
internal import VersionedStore

/// A library of functions, as it was loaded into the interpreter.
struct FunctionLibrary {
  struct Function {
    let name: [UInt8]
    let description: [UInt8]?
    let flags: ScriptFlags
    let reference: Int32
    /// The name, as replies and C take it.
    let text: String
  }

  let name: [UInt8]
  let source: [UInt8]
  var functions: [Function] = []

  /// Why a library is not taken. Texts follow Redis 7.0.
  struct Failure: Error {
    let text: [UInt8]

    init(_ text: [UInt8]) { self.text = text }

    /// What is quoted ends at its first zero byte.
    init(_ prefix: String, _ quoted: some Sequence<UInt8> = EmptyCollection(), _ suffix: String = "") {
      text = Array(prefix.utf8) + quoted.prefix { $0 != 0 } + Array(suffix.utf8)
    }
  }

  static let nameRule: StaticString =
    "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"

  static func isName(_ name: some Swift.Collection<UInt8>) -> Bool {
    !name.isEmpty
      && name.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }
}

/// The first line of a library, `#!lua name=mylibrary`.
struct LibraryHeading {
  var name: [UInt8]
  /// Bytes before the line end.
  let byteCount: Int

  init(of source: Bytes) throws(FunctionLibrary.Failure) {
    guard source.starts(with: "#!".utf8) else { throw FunctionLibrary.Failure("Missing library metadata") }
    let visible = source[0..<(source.firstIndex(of: 0) ?? source.count)]
    guard let end = visible.firstIndex(of: UInt8(ascii: "\n")),
      let words = Shebang.words(in: visible[0..<end]), let first = words.first
    else { throw FunctionLibrary.Failure("Invalid library metadata") }
    byteCount = end
    var name: [UInt8]?
    for word in words.dropFirst() {
      guard word.prefix(5).withContiguousBytes({ $0.equalsIgnoringCase("name=") }) else {
        throw FunctionLibrary.Failure("Invalid metadata value given: ", word)
      }
      guard name == nil else {
        throw FunctionLibrary.Failure("Invalid metadata value, name argument was given multiple times")
      }
      name = Array(word.dropFirst(5))
    }
    guard let name else { throw FunctionLibrary.Failure("Library name was not given") }
    guard FunctionLibrary.isName(name) else { throw FunctionLibrary.Failure("\(FunctionLibrary.nameRule)") }
    let engine = Array(first.dropFirst(2))
    guard engine.withBytes({ $0.equalsIgnoringCase("lua") }) else {
      throw FunctionLibrary.Failure("Engine '", engine, "' not found")
    }
    self.name = name
  }
}

extension ArraySlice where Element == UInt8 {
  fileprivate func withContiguousBytes<R>(_ body: (Bytes) -> R) -> R { Array(self).withBytes(body) }
}
