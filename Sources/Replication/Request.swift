/// A command as a client sends it.
enum Request {
  static func encode(_ arguments: [[UInt8]]) -> [UInt8] {
    var bytes = [UInt8]("*\(arguments.count)\r\n".utf8)
    for argument in arguments {
      bytes += "$\(argument.count)\r\n".utf8
      bytes += argument
      bytes += [13, 10]
    }
    return bytes
  }

  static func encode(_ arguments: String...) -> [UInt8] { encode(arguments.map { Array($0.utf8) }) }
}
