internal import Engine
internal import VersionedStore

/// What a MIGRATE asks for.
///
///     MIGRATE host port key|"" db timeout [COPY] [REPLACE] [AUTH password | AUTH2 username password] [KEYS key...]
struct MigrationRequest {
  let host: Bytes
  let port: Bytes
  /// The number of the database there.
  let database: Int64
  let timeoutMilliseconds: Int64
  /// The keys stay here.
  var copies = false
  /// What has these names there is replaced.
  var replaces = false
  var username: Bytes?
  var password: Bytes?
  /// Arguments that are keys.
  var keys = 3..<4

  private static let usualTimeout: Int64 = 1000

  init(_ call: inout Call) throws(CommandError) {
    (host, port) = (call[1], call[2])
    var index = 6
    options: while index < call.count {
      let left = call.count - 1 - index
      if call.matches(index, "copy") {
        copies = true
      } else if call.matches(index, "replace") {
        replaces = true
      } else if call.matches(index, "auth"), left >= 1 {
        password = call[index + 1]
        index += 1
      } else if call.matches(index, "auth2"), left >= 2 {
        (username, password) = (call[index + 1], call[index + 2])
        index += 2
      } else if call.matches(index, "keys") {
        guard call[3].isEmpty else {
          throw call.refuse(
            "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string")
        }
        keys = index + 1..<call.count
        break options
      } else {
        throw .syntax
      }
      index += 1
    }
    let timeout = try call.integer(5)
    database = try call.integer(4)
    timeoutMilliseconds = timeout > 0 ? timeout : Self.usualTimeout
  }

  /// What the connections to this server are known by.
  var target: [UInt8] { Array(host) + [UInt8(ascii: ":")] + Array(port) }

  /// The port as C's `atoi` reads it.
  var portNumber: Int32 {
    var (number, index) = (Int64(0), 0)
    let isNegative = port.first == UInt8(ascii: "-")
    if isNegative || port.first == UInt8(ascii: "+") { index = 1 }
    while index < port.count, port[index] &- UInt8(ascii: "0") < 10, number < Int64(Int32.max) {
      number = number * 10 + Int64(port[index] - UInt8(ascii: "0"))
      index += 1
    }
    return Int32(clamping: isNegative ? -number : number)
  }
}
