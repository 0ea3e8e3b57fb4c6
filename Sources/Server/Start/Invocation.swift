import Values

/// What a command line asks for: `cambium-server [redis.conf] [--directive value ...] [-]`.
///
/// The options are turned into lines of redis.conf and read after the file, exactly as redis-server does it, so that
/// quoting and errors are the same: `--port 7000` is the line `port "7000"`.
enum Invocation: Equatable {
  case version
  case help
  /// Start with the file (its path as given), then standard input, then the options as lines of a file.
  case run(file: String?, readsStandardInput: Bool, options: [UInt8])

  /// `arguments` without the program's own name.
  init(_ arguments: [String]) {
    switch arguments.first {
    case "-v", "--version": self = .version
    case "-h", "--help": self = .help
    default:
      var rest = arguments[...]
      let file = rest.first.flatMap { $0.hasPrefix("-") ? nil : $0 }
      if file != nil { rest = rest.dropFirst() }
      let isStandardInput = { (index: Int) in
        rest[index] == "-" && (index == 0 || index == arguments.count - 1)
      }
      self = .run(
        file: file, readsStandardInput: rest.indices.contains(where: isStandardInput),
        options: Self.lines(rest.indices.filter { !isStandardInput($0) }.map { rest[$0] }))
    }
  }

  /// The options as lines. A word that begins with `--` opens a line unless the line before it still lacks its value:
  /// `--requirepass --secret` sets a password of `--secret`.
  private static func lines(_ words: [String]) -> [UInt8] {
    var lines: [UInt8] = []
    var lacksValue = false
    for (index, word) in words.enumerated() {
      guard word.hasPrefix("--"), !lacksValue else {
        lines += ConfigurationArguments.quoted(Array(word.utf8)) + Array(" ".utf8)
        lacksValue = false
        continue
      }
      if !lines.isEmpty { lines.append(UInt8(ascii: "\n")) }
      lines += Array(word.utf8.dropFirst(2)) + Array(" ".utf8)
      lacksValue = ConfigurationArguments.split(Array(word.utf8))?.count == 1
      // `--save` alone means `--save ""`: scripts that build a command line from an empty list leave it so.
      let next = index + 1 < words.count ? words[index + 1] : nil
      if lacksValue, word.lowercased() == "--save", next?.hasPrefix("--") ?? true {
        lines += Array(#""""#.utf8)
        lacksValue = false
      }
    }
    return lines
  }

  static let usage = """
    Usage: cambium-server [/path/to/redis.conf] [options] [-]
           cambium-server - (read config from stdin)
           cambium-server -v or --version
           cambium-server -h or --help

    Examples:
           cambium-server (run the server with default conf)
           echo 'maxmemory 128mb' | cambium-server -
           cambium-server /etc/redis/6379.conf
           cambium-server --port 7777
           cambium-server --port 7777 --replicaof 127.0.0.1 8888
           cambium-server /etc/myredis.conf --loglevel verbose -

    """
}
