import RESP
import TestSupport
import Testing

@testable import Engine

/// What a command counts as, command by command: changes since the last save, keys found and missed.
@Suite struct CountersTests {
  @Test(arguments: [
    ["LTRIM l 0 -1", "RPUSH l a b c d e f g h", "LTRIM l 1 -2", "LTRIM l 0 100", "LTRIM l 5 1", "LTRIM l 0 0"],
    [
      "RPUSH l a b c d e f", "LPOP l", "RPOP l 2", "LPOP l 0", "LMPOP 1 l LEFT COUNT 9", "RPOP l 2",
      "LMOVE l m LEFT LEFT",
    ],
    [
      "RPUSH l b a c", "RPUSH t x", "SORT l ALPHA STORE t", "SORT none STORE t", "SORT none STORE t", "SORT l ALPHA",
      "SORT l BY w* ALPHA GET w*", "SET w5 1", "SORT l BY nosort GET w*",
    ],
    [
      "SADD s 1 2 3", "SADD t 2 3", "SINTERSTORE u s t", "SINTERSTORE u s t", "SUNIONSTORE u s none",
      "SDIFFSTORE u t s",
      "SDIFFSTORE u none", "SINTERSTORE u s none", "SMOVE s t 1", "SMOVE s t 9", "SMOVE s t 2",
    ],
    ["SADD s 1 2 3", "SPOP s 2", "SPOP s 5", "SPOP s 5", "SADD s 1", "SPOP s", "SPOP s"],
    [
      "ZADD z 1 a 2 b", "ZADD y 1 a", "ZUNIONSTORE u 2 z y", "ZUNIONSTORE u 2 z none", "ZINTERSTORE u 1 none",
      "ZDIFFSTORE u 2 z y", "ZRANGESTORE u z 0 -1", "ZRANGESTORE u z 5 9", "ZRANGESTORE u none 0 -1",
      "ZUNIONSTORE u 2 z l WHAT", "ZPOPMIN z 9", "ZMPOP 1 y MIN",
    ],
    [
      "GEOADD g 1 1 a 2 2 b", "GEOADD g 1 1 a", "GEORADIUS g 1 1 900 km STORE u", "GEORADIUS g 1 1 900 km STORE u",
      "GEOSEARCHSTORE u g FROMMEMBER a BYRADIUS 1 m", "GEOSEARCHSTORE u none FROMLONLAT 1 1 BYRADIUS 1 m",
      "GEORADIUSBYMEMBER g a 1 m", "GEORADIUS none 1 1 1 m",
    ],
    [
      "XADD x 1-1 a b", "XADD x MAXLEN 1 2-1 a b", "XADD x MINID 3 3-1 a b", "XADD x 4-1 a b", "XADD x 5-1 a b",
      "XTRIM x MAXLEN 2", "XGROUP CREATE x g 0", "XREADGROUP GROUP g c STREAMS x >", "XREADGROUP GROUP g c STREAMS x >",
      "XREADGROUP GROUP g d STREAMS x 0", "XREADGROUP GROUP none c STREAMS x >", "XACK x g 9-9", "XACK x g 4-1",
      "XACK none g 1", "XCLAIM x g e 0 5-1", "XCLAIM x g e 0 9-9 LASTID 7-1", "XCLAIM x g f 0 5-1 LASTID 8-1",
      "XCLAIM none g c 0 1", "XAUTOCLAIM x g h 0 -", "XAUTOCLAIM none g h x -", "XAUTOCLAIM none g h 0 -", "XDEL x 5-1",
      "XAUTOCLAIM x g h 0 -", "XREAD STREAMS x none 0 $", "XSETID x 9-0",
    ],
    [
      "SETBIT b 7 1", "SETBIT b 7 1", "SETBIT b 9 0", "SETBIT b 9 0", "BITFIELD b SET u8 0 1", "BITFIELD b SET u8 0 1",
      "BITFIELD b SET u8 0 2 INCRBY u8 8 3 GET u8 0", "BITFIELD b OVERFLOW FAIL INCRBY u8 0 300", "BITFIELD c GET u8 0",
      "BITOP AND d b none", "BITOP AND d none", "SET i 1", "SETBIT i 2 1", "OBJECT ENCODING i",
    ],
    ["PFADD p a b c", "PFADD p a b c", "PFCOUNT p", "PFCOUNT p", "PFCOUNT p none", "PFMERGE q p none", "PFADD p"],
    ["HSET h a 1 b 2", "HSETNX h a 1", "HDEL h x", "HDEL h a b", "HINCRBY h a 1"],
  ])
  func equalThoseOfRedis(_ script: [String]) throws {
    let redis = try ServerProcess(.redis, directives: ["save ''"]).connect()
    let harness = EngineHarness()
    let names = ["rdb_changes_since_last_save", "keyspace_hits", "keyspace_misses"]
    for line in script {
      let words = line.split(separator: " ").map(String.init)
      try redis.command(words)
      try harness.run(words)
      let expected = try RedisCounters(redis)
      let statistics = harness.engine.keyspace.statistics
      let actual = [harness.engine.keyspace.changesSinceSave, statistics.hits, statistics.misses]
      #expect(actual == names.map { expected[$0] }, "\(line)")
    }
  }
}
