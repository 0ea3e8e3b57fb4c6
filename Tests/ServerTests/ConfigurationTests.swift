import Engine
import Foundation
import RESP
import TestSupport
import Testing
import VersionedStore

@testable import Server

struct ConfigurationTests {
  @Test func readsAFile() throws {
    let configuration = try loaded(
      """
      # a comment
      port 7000
        MAXMEMORY 100mb\r
      maxmemory-policy AllKeys-LRU

      requirepass "se\\x63ret \\"\\n"
      slave-read-only no
      hz 100000
      client-output-buffer-limit replica 1gb 0 60
      client-output-buffer-limit pubsub 1kb 10 1
      bind 127.0.0.1 -::1
      replicaof 10.0.0.1 6380
      save 900 1
      save 300 10 60 10000
      unixsocketperm 700
      """)
    #expect(configuration.server.port == 7000)
    #expect(configuration.engine.maxmemory == 100 << 20)
    #expect(configuration.engine.maxmemoryPolicy == .allKeysLRU)
    #expect(configuration.engine.requirepass == Array("secret \"\n".utf8))
    #expect(configuration.engine.replicaReadOnly == false)
    #expect(configuration.engine.hz == 500)
    #expect(configuration.engine.outputLimits.replica == .init(hard: 1 << 30, soft: 0, softSeconds: 60))
    #expect(configuration.engine.outputLimits.pubsub == .init(hard: 1024, soft: 10, softSeconds: 1))
    #expect(configuration.server.bind == ["127.0.0.1", "-::1"])
    #expect(configuration.engine.replicaOf == PrimaryAddress(host: "10.0.0.1", port: 6380))
    #expect(configuration.engine.savePoints.map(\.seconds) == [900, 300, 60])
    #expect(configuration.server.unixsocketperm == 0o700)
  }

  /// Lines that redis-server refuses too, with its words.
  @Test(arguments: [
    ("nonsense 1", "Bad directive or wrong number of arguments"), ("port", "wrong number of arguments"),
    ("port 1 2", "wrong number of arguments"), ("port x", "argument couldn't be parsed into an integer"),
    ("port 65536", "argument must be between 0 and 65535 inclusive"),
    ("daemonize maybe", "argument must be 'yes' or 'no'"),
    ("requirepass \"abc", "Unbalanced quotes in configuration line"),
    ("maxmemory 1zb", "argument must be a memory value"),
    ("unixsocketperm 9", "argument couldn't be parsed as an octal number"), ("save 1", "Invalid save parameters"),
    ("save 0 1", "Invalid save parameters"), ("dir /does/not/exist", "No such file or directory"),
    ("appendfsync often", "argument(s) must be one of the following: everysec, always, no"),
    ("client-output-buffer-limit nobody 0 0 0", "Invalid client class specified in buffer limit configuration."),
    ("client-output-buffer-limit normal 0 0", "Wrong number of arguments in buffer limit configuration."),
    ("dbfilename a/b", "dbfilename can't be a path, just a filename"), ("replicaof a", "wrong number of arguments"),
    ("replicaof a 70000", "Invalid master port"),
  ])
  func refusesWhatRedisRefuses(_ example: (line: String, reason: String)) throws {
    let file = try TemporaryFile("# first\n\n  \(example.line)  \nport 1\n")
    let expected = ConfigurationFile.Failure.line(3, example.line, example.reason)
    #expect(throws: expected) { try ConfigurationFile.load(file.path, into: Configuration()) }
    let redis = try run("/usr/bin/redis-server", [file.path])
    #expect(redis.code == 1)
    #expect(redis.error == expected.report)
  }

  @Test(arguments: [
    "cluster-enabled yes", "tls-session-caching no", "tls-prefer-server-ciphers yes", "io-threads 4", "loadmodule x.so",
  ])
  func refusesWhatThisBuildDoesNotHave(_ line: String) {
    #expect(throws: ConfigurationFile.Failure.self) { try loaded(line) }
  }

  /// A directive of flags wants one.
  @Test(arguments: ["shutdown-on-sigterm", "shutdown-on-sigint"]) func flagsAreNotNone(_ name: String) throws {
    let expected = "argument(s) must be one of the following: default, save, nosave, now, force"
    #expect(throws: ConfigurationFile.Failure.line(1, name, expected)) { try loaded(name) }
    let configuration = try loaded("")
    #expect(throws: ConfigurationError.refused(name, expected)) { try set(configuration, [name, ""]) }
    try set(configuration, [name, "force now nosave now"])
    #expect(get(configuration, name) == [name: "nosave now force"])
  }

  /// The file that is read lies in the working directory.
  @Test func theDirectoryStaysWhileLoading() {
    for (name, isFixed) in [("DIR", true), ("maxmemory", false), ("nosuch", false)] {
      Array(name.utf8).withBytes { #expect(Directive.isFixedWhileLoading($0) == isFixed, "\(name)") }
    }
  }

  @Test func relativeIsAnotherNameForYes() throws {
    let configuration = try loaded("oom-score-adj relative\noom-score-adj-values 1 -2 3")
    #expect(
      get(configuration, "oom-score-adj*") == ["oom-score-adj": "yes", "oom-score-adj-values": "1 -2 3"])
  }

  @Test func loadsStockFiles() throws {
    let stock = try TemporaryFile(
      String(contentsOfFile: "/etc/redis/redis.conf", encoding: .utf8)
        .replacingOccurrences(of: "\nlogfile ", with: "\n# logfile ").replacingOccurrences(
          of: "\ndir ", with: "\n# dir "))
    let configuration = Configuration()
    try ConfigurationFile.load(stock.path, into: configuration)
    #expect(configuration.server.bind == ["127.0.0.1", "-::1"])
    _ = try loaded(suiteDefaults)
  }

  @Test func includesFilesByWildcard() throws {
    let part = try TemporaryFile("timeout 5\n")
    let wild = part.path.replacingOccurrences(of: ".conf", with: ".c?nf")
    let configuration = try loaded("timeout 1\ninclude \(wild)\ninclude /does/not/exist/*.conf\n")
    #expect(configuration.engine.timeout == 5)
    #expect(throws: ConfigurationFile.Failure.cannotOpen("/no.conf", "No such file or directory")) {
      try loaded("include /no.conf")
    }
    let loop = try TemporaryFile("")
    try loop.write("include \(loop.path)\n")
    #expect(throws: ConfigurationFile.Failure.self) { try ConfigurationFile.load(loop.path, into: Configuration()) }
  }

  @Test func getsByNameAliasAndPattern() throws {
    let configuration = try loaded("maxmemory 1kb")
    #expect(get(configuration, "MaxMemory") == ["MaxMemory": "1024"])
    #expect(get(configuration, "slave-priority", "replica-priority").count == 2)
    #expect(get(configuration, "lfu-*", "lfu-log-factor") == ["lfu-log-factor": "10", "lfu-decay-time": "1"])
    #expect(get(configuration, "nothing").isEmpty)
    #expect(get(configuration, "save", "appendonly") == ["save": "3600 1 300 100 60 10000", "appendonly": "no"])
    #expect(
      get(configuration, "client-output-buffer-limit").values.first
        == "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60")
  }

  /// Every directive that a stock server knows too has its default and its range of names.
  @Test func defaultsAreThoseOfRedis() throws {
    let redis = try ServerProcess(.redis)
    let client = try redis.connect()
    let configuration = Configuration()
    let ownWords: Set = ["port", "bind", "dir", "pidfile", "daemonize"]
    for (name, directive) in Directive.byName where !ownWords.contains(name) {
      guard case .array(let reply) = try client.command("CONFIG", "GET", name), reply.count == 2 else { continue }
      #expect(reply[1].text == String(decoding: directive.get(configuration), as: UTF8.self), "\(name)")
    }
  }

  @Test(arguments: [
    ("yes", RetainPrevious.yes, "yes"), ("No", .no, "no"), ("0", .no, "no"), ("90", .seconds(90), "90"),
  ]) func howLongFormerDatasetsStay(text: String, value: RetainPrevious, shown: String) throws {
    let configuration = try loaded("replica-retain-previous \(text)\nslave-serve-stale-data no")
    #expect(configuration.engine.replicaRetainPrevious == value)
    #expect(get(configuration, "replica-retain-previous") == ["replica-retain-previous": shown])
    #expect(configuration.engine.replicaServeStaleData == false)
    #expect(get(try loaded(""), "replica-retain-previous") == ["replica-retain-previous": "3600"])
    #expect(throws: (any Error).self) { try loaded("replica-retain-previous \(text)s") }
    #expect(throws: (any Error).self) { try loaded("replica-retain-previous -1") }
  }

  @Test func setsAllOrNothing() throws {
    let configuration = try loaded("")
    configuration.finishStarting()
    try set(configuration, ["maxmemory", "2mb", "TIMEOUT", "7", "save", "60 1 30 2"])
    #expect(configuration.engine.maxmemory == 2 << 20)
    #expect(configuration.engine.timeout == 7)
    #expect(
      configuration.engine.savePoints == [SavePoint(seconds: 60, changes: 1), SavePoint(seconds: 30, changes: 2)])
    #expect(throws: ConfigurationError.refused("hz", "argument couldn't be parsed into an integer")) {
      try set(configuration, ["maxmemory", "3mb", "save", "", "hz", "fast"])
    }
    #expect(configuration.engine.maxmemory == 2 << 20)
    #expect(configuration.engine.savePoints.count == 2)
  }

  @Test func setRefusesInTheWordsOfRedis() throws {
    let redis = try ServerProcess(.redis)
    let client = try redis.connect()
    let configuration = try loaded("")
    configuration.finishStarting()
    for pairs in [
      ["nothing", "1"], ["maxmemory", "1", "Nothing", "1"], ["databases", "3"], ["dir", "/"],
      ["timeout", "1", "TIMEOUT", "2"], ["maxmemory-policy", "x"], ["replica-priority", "-1"],
      ["slave-priority", "-1"],
      ["save", "60  1"], ["maxclients", "0"], ["proto-max-bulk-len", "1kb"],
    ] {
      let reply = try client.command(["CONFIG", "SET"] + pairs)
      let error = #expect(throws: ConfigurationError.self, "\(pairs)") { try set(configuration, pairs) }
      #expect(reply == .error(error?.reply ?? ""))
    }
  }

  @Test func anEffectThatFailsTakesTheChangeBack() throws {
    let configuration = try loaded("")
    configuration.finishStarting()
    var ports: [Int] = []
    configuration.onChange(of: "port") { () throws(BadValue) in
      ports.append(configuration.server.port)
      if configuration.server.port == 1 { throw BadValue(reason: "Unable to listen on this port. Check server logs.") }
    }
    #expect(throws: ConfigurationError.self) { try set(configuration, ["timeout", "9", "port", "1"]) }
    #expect(configuration.engine.timeout == 0)
    #expect(configuration.server.port == 6379)
    #expect(ports == [1, 6379])
  }

  @Test func protectedDirectivesFollowTheirSwitch() throws {
    let configuration = try loaded("enable-protected-configs local")
    configuration.finishStarting()
    try set(configuration, ["dbfilename", "other.rdb"], isLocal: true)
    #expect(get(configuration, "dbfilename") == ["dbfilename": "other.rdb"])
    #expect(throws: ConfigurationError.refused("dbfilename", "can't set protected config")) {
      try set(configuration, ["dbfilename", "third.rdb"])
    }
  }

  private let suiteDefaults = """
    always-show-logo yes
    notify-keyspace-events KEA
    daemonize no
    pidfile /var/run/redis.pid
    port 6379
    timeout 0
    bind 127.0.0.1
    loglevel verbose
    logfile ''
    databases 16
    latency-monitor-threshold 1
    repl-diskless-sync-delay 0
    save 900 1
    rdbcompression yes
    dbfilename dump.rdb
    dir ./
    slave-serve-stale-data yes
    appendonly no
    appendfsync everysec
    no-appendfsync-on-rewrite no
    activerehashing yes
    enable-protected-configs yes
    enable-debug-command yes
    enable-module-command yes
    propagation-error-behavior panic
    shutdown-on-sigterm default
    enable-debug-assert yes
    hide-user-data-from-log yes
    """
}
