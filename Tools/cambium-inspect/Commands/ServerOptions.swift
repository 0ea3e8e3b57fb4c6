import ArgumentParser

/// Where the server is, and how to sign in.
struct ServerOptions: ParsableArguments {
  @Option(help: "The server's name or address.")
  var host = "127.0.0.1"

  @Option(help: "The server's TCP port.")
  var port = 6379

  @Option(help: "The user to sign in as, when there is a password.")
  var user = "default"

  @Option(help: "The password. Better given as REDISCLI_AUTH in the environment, where other users do not see it.")
  var password: String?

  func validate() throws {
    guard (1...65535).contains(port) else { throw ValidationError("--port has to be from 1 to 65535") }
  }

  func connect() throws(InspectError) -> VersionServer {
    let inherited = Terminal.environment("REDISCLI_AUTH")
    return try VersionServer(
      host: host, port: port, user: user, password: password ?? (inherited.isEmpty ? nil : inherited))
  }
}

/// In which form the answer is printed.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print JSON.")
  var json = false
}
