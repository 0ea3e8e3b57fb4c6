import TestSupport
import VersionedStore

@testable import Engine

/// Commands as an attacker, a fuzzer or a broken client writes them: known names with any number of arguments, and
/// arguments that lie at the edge of whatever reads them.
struct HostileWords {
  var generator: SeededGenerator
  private let commands: [[[UInt8]]]
  private var mix: CommandMix

  init(_ table: CommandTable, _ generator: SeededGenerator) {
    self.generator = generator
    mix = CommandMix(SeededGenerator(seed: generator.seed), .allFamilies)
    // What makes replies fail to come, or others come between, is for the fuzzer, which keeps account of that too.
    let unaccountable = ["monitor", "wait"]
    let shown = table.all.filter { record in
      !record.value.command.flags.contains(.blocking) && !unaccountable.contains(record.value.fullName)
        && !record.value.command.flags.contains(.pubsub)
    }
    commands = shown.flatMap { record in
      let name = Array("\(record.value.command.name)".utf8)
      let own = record.value.subcommands.filter { !["client|pause", "client|tracking"].contains($0.value.fullName) }.map
      { [name, Array("\($0.value.command.name)".utf8)] }
      // What answers with a book is not asked for as often as the rest.
      return own.isEmpty ? [[name], [name], [name]] : own + [[name]]
    }
  }

  /// One command. A third is in form, a third nearly so, the others have about as many arguments as commands want, or
  /// any number up to twelve.
  mutating func command() -> [[UInt8]] {
    if generator.oneIn(3) { return pick(Self.shapes).split(separator: " ").map { fill($0) } }
    if generator.oneIn(2) { return ofAFamily() }
    var words = pick(commands)
    if words == [Array("shutdown".utf8)] { return [Array("ping".utf8)] }
    let count = Int.random(in: 0...(generator.oneIn(3) ? 12 : 4), using: &generator)
    for _ in 0..<count { words.append(argument()) }
    // Nothing may stop the server for long, which is what this one is for.
    if words[0] == Array("debug".utf8), words.count > 2 { words[2] = Array("0".utf8) }
    return words
  }

  /// A command that finds a value of its own type, and has options: with one word of it replaced, or none.
  private mutating func ofAFamily() -> [[UInt8]] {
    var words = mix.next().map(CommandMix.bytes)
    if generator.oneIn(3) {
      let index = Int.random(in: 1...words.count, using: &generator)
      let word = generator.oneIn(3) ? argument() : number()
      if index < words.count { words[index] = word } else { words.append(word) }
    }
    return words
  }

  /// `K` stands for a key, `N` for a number, `V` for a version, `A` for anything, other words for themselves.
  private mutating func fill(_ word: Substring) -> [UInt8] {
    switch word {
    case "K": key()
    case "N": number()
    case "V": version()
    case "A": argument()
    default: Array(word.utf8)
    }
  }

  mutating func argument() -> [UInt8] {
    switch Int.random(in: 0..<16, using: &generator) {
    case 0..<6: key()
    case 6..<9: number()
    case 9..<11: Array(pick(Self.options).utf8)
    case 11..<13: version()
    case 13: pick(commands)[0]
    case 14: generator.bytes(count: Int.random(in: 0...40, using: &generator))
    default: pick(Self.odd)
    }
  }

  private mutating func key() -> [UInt8] {
    generator.oneIn(12)
      ? [UInt8](repeating: UInt8(ascii: "k"), count: Int.random(in: 250...310, using: &generator))
      : Array("k\(Int.random(in: 0..<24, using: &generator))".utf8)
  }

  private mutating func number() -> [UInt8] {
    generator.oneIn(2) ? Array(pick(Self.numbers).utf8) : Array("\(Int.random(in: -3...40, using: &generator))".utf8)
  }

  private mutating func version() -> [UInt8] {
    generator.oneIn(2)
      ? Array("\(Int.random(in: 0...60, using: &generator))".utf8) : Array(pick(Self.versions).utf8)
  }

  private mutating func pick<T>(_ pool: [T]) -> T { pool[Int.random(in: 0..<pool.count, using: &generator)] }

  /// Commands that get past their checks, so that what is behind them is reached.
  private static let shapes = [
    "SET K A", "SET K N", "SET K A PX N", "SET K A EXAT N GET", "SET K A XX KEEPTTL GET", "GETSET K A", "GETDEL K",
    "GETEX K PXAT N", "GETEX K PERSIST", "GETEX K EX N", "MSET K A K A K A", "MSETNX K A K A", "MGET K K K K",
    "APPEND K A", "APPEND K K", "SETRANGE K N A", "SETRANGE K 100 A", "SETRANGE K 5000 A", "GETRANGE K N N",
    "SUBSTR K N N", "INCR K", "DECRBY K N", "INCRBY K N", "INCRBYFLOAT K N", "LCS K K", "LCS K K IDX MINMATCHLEN N",
    "LCS K K LEN", "LCS K K IDX WITHMATCHLEN", "EXPIRE K N", "PEXPIRE K N LT", "PEXPIREAT K N", "EXPIREAT K N GT",
    "PEXPIRE K 1", "PERSIST K", "TTL K", "PEXPIRETIME K", "RENAME K K", "RENAMENX K K", "COPY K K", "COPY K K REPLACE",
    "COPY K K DB N REPLACE", "MOVE K N", "MOVE K 1", "DEL K K", "SWAPDB N N", "SWAPDB 0 1", "SELECT N", "SELECT 0",
    "SCAN N COUNT N MATCH A", "SCAN N", "KEYS *", "KEYS A", "RANDOMKEY", "OBJECT FREQ K", "OBJECT IDLETIME K",
    "OBJECT ENCODING K", "MEMORY USAGE K SAMPLES N", "DEBUG OBJECT K", "FLUSHDB", "FLUSHALL", "INFO keyspace",
    "INFO memory", "HELLO 2", "HELLO 3", "HELLO N AUTH default secret SETNAME A", "AUTH secret", "RESET", "CLIENT LIST",
    "CLIENT NO-TOUCH ON", "CLIENT NO-TOUCH OFF", "COMMAND GETKEYS A A A A A", "COMMAND GETKEYS MSET K A K",
    "VERSION CREATE", "VERSION CREATE A", "VERSION CREATE v1", "VERSION ROLLBACK V", "VERSION DROP V", "VERSION LIST",
    "VERSION DROP V V V", "VERSION DROP V V DRYRUN", "VERSION HOLD V A", "VERSION RELEASE V A", "VERSION INFO V",
    "VERSION DIFF V V", "VERSION DIFF V LIVE COUNT N CURSOR N", "VERSION DIFF LIVE V DB N MATCH A", "VERSION STATS",
    "VERSION DIFF V LIVE FIELDS K", "VERSION DIFF V V FIELDS K COUNT N CURSOR N",
    "VERSION DIFF LIVE V FIELDS K CURSOR A",
    "VERSION DIFF V LIVE FIELDS K MATCH A COUNT N",
    "VERSION READ V GET K", "VERSION READ V MGET K K K", "VERSION READ V SCAN N", "VERSION READ LIVE LCS K K",
    "VERSION READ V VERSION READ V GET K", "VERSION READ V SET K A", "VERSION READ V RANDOMKEY",
    "VERSION READ V OBJECT ENCODING K", "VERSION READ V CLIENT KILL A", "VERSION READ V DEBUG SLEEP 1000",
    "HSETEX h1 PX N FIELDS 1 A A", "HSETEX h1 FNX KEEPTTL FIELDS 2 A A A A", "HPEXPIRE h1 N FIELDS 2 f A",
    "HEXPIRE h1 N GT FIELDS 1 f", "HEXPIREAT h2 N FIELDS 1 A", "HPEXPIREAT h1 N NX FIELDS 3 f A A",
    "HTTL h1 FIELDS 1 f",
    "HPTTL h1 FIELDS 2 f A", "HPEXPIRETIME h1 FIELDS N A", "HPERSIST h1 FIELDS 2 f A", "HGETEX h1 PXAT N FIELDS 1 f",
    "HGETEX h1 PERSIST FIELDS 2 f A", "HGETDEL h1 FIELDS 2 f A", "HSET h1 f A", "HRANDFIELD h1 N WITHVALUES",
    "SRANDMEMBER s1 N", "SPOP s1 N", "ZRANDMEMBER z1 N WITHSCORES", "LPOS l1 A RANK N COUNT N MAXLEN N",
    "LRANGE l1 N N", "LTRIM l1 N N", "LREM l1 N A", "LINDEX l1 N", "LSET l1 N A", "ZRANGE z1 N N BYSCORE LIMIT N N",
    "ZRANGE z1 N N REV WITHSCORES", "ZREMRANGEBYRANK z1 N N", "ZADD z1 N A N A", "ZINCRBY z1 N A",
    "ZUNIONSTORE z2 2 z1 s1 WEIGHTS N N AGGREGATE MAX", "ZRANGEBYLEX z1 [A (A LIMIT N N", "ZLEXCOUNT z1 - [A",
    "SETBIT b1 N 1", "GETBIT b1 N", "BITCOUNT b1 N N BIT", "BITPOS b1 0 N N BIT", "BITFIELD b1 GET i64 N",
    "BITFIELD b1 OVERFLOW SAT INCRBY u63 N N", "BITFIELD b1 OVERFLOW FAIL SET i64 N N", "BITOP XOR b2 b1 K",
    "PFADD p1 A A", "PFCOUNT p1 p2 K", "PFMERGE p2 p1 p2", "PFDEBUG decode p1", "APPEND p1 A", "SETRANGE p1 N A",
    "XADD x1 N A A", "XADD x1 MAXLEN ~ N LIMIT N * A A", "XADD x1 MINID N * A A", "XTRIM x1 MINID N", "XDEL x1 N N",
    "XRANGE x1 N N COUNT N", "XREVRANGE x1 + N", "XSETID x1 N ENTRIESADDED N MAXDELETEDID N",
    "XGROUP CREATE x1 G0 N ENTRIESREAD N", "XGROUP SETID x1 G0 N ENTRIESREAD N",
    "XREADGROUP GROUP G0 C0 COUNT N STREAMS x1 >",
    "XREADGROUP GROUP G0 A STREAMS x1 N", "XACK x1 G0 N N", "XPENDING x1 G0 IDLE N - + N C0",
    "XCLAIM x1 G0 C1 N N IDLE N RETRYCOUNT N FORCE LASTID N", "XCLAIM x1 G0 C1 0 N TIME N JUSTID",
    "XAUTOCLAIM x1 G0 C1 N N COUNT N", "XINFO STREAM x1 FULL COUNT N", "XINFO GROUPS x1", "XINFO CONSUMERS x1 G0",
    "GEOADD g1 N N A", "GEOSEARCH g1 FROMLONLAT N N BYRADIUS N m COUNT N ANY",
    "GEOSEARCH g1 FROMLONLAT 1 1 BYBOX N N km",
    "GEORADIUS g1 N N N km STOREDIST g2", "GEODIST g1 A A", "ZADD g1 N A", "GEOPOS g1 A A", "GEOHASH g1 A",
    "SORT l1 BY w* LIMIT N N GET # GET w*->f STORE l2", "SORT s1 BY nosort LIMIT N N", "SORT z1 ALPHA DESC", "SORT g1",
    "VERSION READ V A A", "VERSION USE V", "VERSION USE V", "VERSION USE LIVE", "VERSION RESTORE V K K K",
  ]

  private static let numbers = [
    "-9223372036854775808", "9223372036854775807", "9223372036854775808", "18446744073709551615", "-1", "-0", "0", "1",
    "9223372036854775", "9223372036854774", "-9223372036854775", "2147483647", "-2147483648", "4294967296", "536870911",
    "1048576", "1048575", "1e4000", "-1e4931", "1.5e308", "0.1", "inf", "-inf", "nan", "0x1p-16400", "+1", " 1", "1 ",
    "01", "1700000000000", "1700000000", "1e18", "99999999999999999999", "9999999999999999999999999999999999999999",
  ]

  private static let versions = [
    "LIVE", "live", "v1", "v2", "before-rollback", "@", "@0", "@-1", "@1700000000000", "@9223372036854775807",
    "@9999-12-31T23:59:59.999999999999-23:59", "@1970-01-01T00:00:00+23:59", "@2026-02-30T00:00:00Z", "@2026-11-22",
    "@99999999999999999999", "9223372036854775807", "-1",
  ]

  private static let options = [
    "EX", "PX", "EXAT", "PXAT", "NX", "XX", "GT", "LT", "GET", "KEEPTTL", "PERSIST", "REPLACE", "DB", "COUNT", "MATCH",
    "TYPE", "CURSOR", "IDX", "LEN", "MINMATCHLEN", "WITHMATCHLEN", "DRYRUN", "SAMPLES", "ASYNC", "SYNC", "FILTERBY",
    "PATTERN", "ACLCAT", "MODULE", "ID", "ADDR", "SKIPME", "USER", "AUTH", "SETNAME", "ON", "OFF", "YES", "NO", "SKIP",
    "string", "default", "secret", "LIB-NAME", "help", "get|x", "client|list", "|", "everything",
  ]

  /// Nothing, bytes that end a line, patterns that take long, strings longer than may be stored inside an entry or at all.
  private static let odd: [[UInt8]] = [
    [], [0], Array("a\r\nb\n".utf8), Array("\0\r\n".utf8), Array("*".utf8), Array("[".utf8), Array("[^".utf8),
    Array("\\".utf8), Array("k[z-a]*".utf8), Array(repeatElement("*a", count: 2000).joined().utf8),
    [UInt8](repeating: UInt8(ascii: "*"), count: 5000), [UInt8](repeating: UInt8(ascii: "1"), count: 5200),
    [UInt8](repeating: UInt8(ascii: "x"), count: 193), [UInt8](repeating: 0xFF, count: 255),
    [UInt8](repeating: UInt8(ascii: "k"), count: 256), [UInt8](repeating: UInt8(ascii: "y"), count: 4000),
  ]
}
