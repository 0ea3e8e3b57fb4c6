import RESP
import TestSupport
import Testing

/// The names that INFO and CONFIG GET have are those of redis-server.
@Suite struct InfoFieldsTests {
  /// Fields of our own.
  private static let own: Set = [
    "cambium_version", "used_memory_live_dataset", "expired_subkeys", "client_query_buffer_limit_disconnections",
    "client_output_buffer_limit_disconnections",
  ]
  /// What cannot be told of a program that is not made by a C compiler.
  private static let foreign: Set = ["atomicvar_api", "gcc_version"]
  /// Their fields are named after what has happened.
  private static let open: Set = ["Commandstats", "Errorstats", "Latencystats", "Keyspace"]

  @Test func sectionsHaveTheFieldsOfRedis() throws {
    let expected = try sections(ServerProcess(.redis, directives: ["save ''"]).connect())
    let actual = try sections(ServerProcess(.cambium, directives: ["save ''"]).connect())
    #expect(expected.keys.count > 10)
    for (section, fields) in expected where !Self.open.contains(section) {
      let ours = actual[section] ?? []
      #expect(fields.subtracting(ours).subtracting(Self.foreign).isEmpty, "\(section)")
      #expect(ours.subtracting(fields).subtracting(Self.own).isEmpty, "\(section)")
    }
    #expect(Set(actual.keys) == Set(expected.keys).union(["Versions"]))
  }

  private func sections(_ client: Client) throws -> [String: Set<String>] {
    var (found, current) = ([String: Set<String>](), "")
    for line in (try client.command("INFO", "everything").text ?? "").split(separator: "\r\n") {
      if line.hasPrefix("# ") {
        current = String(line.dropFirst(2))
        found[current] = []
      } else if let colon = line.firstIndex(of: ":") {
        found[current]?.insert(String(line[..<colon]))
      }
    }
    return found
  }

  /// CONFIG RESETSTAT leaves the same counters at the same numbers.
  @Test func countersAreSetBackAsByRedis() throws {
    var numbers: [[String: String]] = []
    for program in [ServerProcess.Program.redis, .cambium] {
      let client = try ServerProcess(program, directives: ["save ''"]).connect()
      for command in ["SET k v", "GET k", "GET none", "NOSUCH", "INCR k", "SET e v PX 1", "CONFIG RESETSTAT"] {
        try client.command(command.split(separator: " ").map(String.init))
      }
      var fields: [String: String] = [:]
      for line in (try client.command("INFO", "stats", "errorstats").text ?? "").split(separator: "\r\n") {
        let pair = line.split(separator: ":", maxSplits: 1)
        if pair.count == 2 { fields[String(pair[0])] = String(pair[1]) }
      }
      numbers.append(fields)
    }
    for field in [
      "total_connections_received", "total_commands_processed", "rejected_connections",
      "expired_time_cap_reached_count",
      "evicted_keys", "keyspace_hits", "keyspace_misses", "total_error_replies", "unexpected_error_replies",
      "dump_payload_sanitizations", "errorstat_ERR",
    ] {
      #expect(numbers[1][field] == numbers[0][field], "\(field)")
    }
  }
}
