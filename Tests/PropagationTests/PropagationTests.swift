import Engine
import RESP
import TestSupport
import Testing
import Values

/// What commands tell replicas is, command by command, what redis-server tells its own.
@Suite(.serialized) struct PropagationTests {
  /// Runs scripts, a command a line. `pass` lets a moment go by, `2:` has another client send a command that waits, and
  /// `compare` looks whether both have told the same so far.
  private func run(
    _ script: String, directives: [String] = [], settings: Settings = Settings(),
    _ isSame: (ToldCommand, ToldCommand) -> Bool = { $0.says(same: $1) }
  ) throws {
    let witnesses = try Witnesses(directives: directives, settings: settings)
    for line in script.split(separator: "\n") {
      let words = Self.words(line)
      switch words.first {
      case nil: continue
      case "pass": witnesses.pass()
      case "compare": try witnesses.compare(isSame)
      case let first? where first.hasSuffix(":"):
        try witnesses.wait(Int(first.dropLast()) ?? 0, Array(words.dropFirst()))
      default: try witnesses.send(words)
      }
    }
    try witnesses.compare(isSame)
    try witnesses.checkFollowers()
  }

  /// Words between blanks; single quotes keep blanks inside of one.
  private static func words(_ line: Substring) -> [String] {
    var (words, word, isQuoted, isThere): ([String], String, Bool, Bool) = ([], "", false, false)
    for character in line {
      if character == "'" {
        isQuoted.toggle()
        isThere = true
      } else if character == " ", !isQuoted {
        if isThere { words.append(word) }
        (word, isThere) = ("", false)
      } else {
        word.append(character)
        isThere = true
      }
    }
    return isThere ? words + [word] : words
  }

  @Test func `strings with a time to live are told with the time when it ends`() throws {
    try run(
      """
      SET a 1
      set a 2 EX 100
      SET a 3 PX 100000 NX
      SET b 3 px 100000 nx GET
      SET a v GET
      SET a GET keepttl get GeT XX
      SET a v NX GET
      SETEX c 100 v
      PSETEX c 100000 v
      SET d v EXAT 9999999999
      SET d v PXAT 9999999999000 GET
      SET d2 v PXAT 1000
      GET d2
      getset a x
      GETDEL a
      GETDEL none
      SET e 1 EX 100
      GETEX e
      GETEX e PERSIST
      GETEX e PERSIST
      GETEX e EX 100
      GETEX e PXAT 9999999999999
      GETEX e EXAT 1
      incrbyfloat f 1.5
      EXPIREAT f 9999999999
      INCRBYFLOAT f 2
      INCR n
      DECRBY n 5
      APPEND n 1
      SETRANGE n 2 x
      SETRANGE n 2 ''
      SETNX n 1
      SETNX m 1
      MSET x 1 y 2
      MSETNX x 1 z 2
      MSETNX w 1 z 2
      SETBIT bits 7 1
      BITFIELD bits SET u8 0 5 INCRBY u8 8 1
      BITFIELD bits GET u8 0
      BITOP NOT not bits
      BITOP AND and none1 none2
      PFADD log a b c
      PFADD log a
      PFCOUNT log
      PFCOUNT log
      PFMERGE log2 log
      """)
  }

  @Test func `an expiry is told as a time, and as a removal if it is over`() throws {
    let script = """
      MSET a 1 b 2 c 3 d 4 e 5
      EXPIRE a 100
      expire a 200 GT
      EXPIRE a 100 nx
      PEXPIRE b 100000 NX
      EXPIREAT c 9999999999 LT
      PEXPIREAT d 9999999999999
      pexpireat d 9999999999999 XX
      PERSIST a
      PERSIST a
      EXPIRE a -1
      EXPIREAT c 1
      PEXPIREAT d 1
      EXPIRE none 1
      SET e 1 PX 5
      pass
      GET e
      GET e
      MSET f 1 g 2 h 3
      PEXPIRE f 5
      PEXPIRE g 5
      PEXPIRE h 5
      pass
      MGET f g none h
      SET f 1 PX 5
      pass
      SET f 2
      PEXPIRE f 5
      pass
      DEL f
      SET f 1 PX 5
      SET g 1 PX 5
      pass
      RENAME b f
      COPY f g REPLACE
      COPY f g
      SET f 1 PX 5
      pass
      EXPIRE f 100
      RPUSH l 1 2 3
      SET m 1 PX 5
      pass
      LMOVE l m LEFT RIGHT
      SADD s 1 2 3
      SET t 1 PX 5
      pass
      SMOVE s t 1
      SUNIONSTORE t s none
      PEXPIRE s 1
      PEXPIRE t 1
      PEXPIRE l 1
      pass
      SCAN 0 COUNT 1000
      SELECT 5
      SET only 1 PX 5
      pass
      RANDOMKEY
      SET x 1 PX 5
      pass
      MULTI
      GET x
      SET y 1
      EXEC
      SELECT 0
      SET x 1 PX 5
      pass
      EVAL 'redis.call("GET", "x") return redis.call("SET", "y", "2")' 0
      SET x 1 PX 5
      SET y 1 PX 5
      pass
      EXISTS x
      TTL y
      SELECT 1
      SET x 1 PX 5
      SET z 1
      pass
      SELECT 0
      SET x 0
      MOVE x 1
      COPY x z DB 1 REPLACE
      SET t 1 PX 5
      pass
      SMOVE missing t 1
      """
    // Each server walks its keys in an order of its own.
    let isSame = { (a: ToldCommand, b: ToldCommand) in
      a.says(same: b)
        || ["DEL", "UNLINK"].contains(a.name) && a.words[0] == b.words[0] && a.words.count == b.words.count
    }
    try run(script, isSame)
    let settings = Settings()
    settings.lazyfreeLazyExpire = true
    settings.lazyfreeLazyUserDel = true
    try run(
      script + "\nSET a 1\nGETDEL a\nSET a 1\nGETEX a EXAT 1\nDEL g\nUNLINK m",
      directives: ["lazyfree-lazy-expire yes", "lazyfree-lazy-user-del yes"], settings: settings,
      isSame)
  }

  @Test func `hashes and lists`() throws {
    try run(
      """
      HSET h a 1 b 2
      HINCRBY h a 5
      HINCRBYFLOAT h a 1.25
      hincrbyfloat h c 3
      HSETNX h a 1
      HSETNX h d 1
      HMSET h e 5
      HDEL h a none
      HDEL h none
      RPUSH l 1 2 3 4 5 6 7 8
      LPUSHX l 0
      LPUSHX none 0
      LINSERT l BEFORE 3 x
      LSET l 0 y
      LREM l 0 x
      LTRIM l 0 100
      LTRIM l 0 6
      LPOP l
      RPOP l 1
      LPOP l 0
      LMPOP 2 none l LEFT
      LMPOP 1 l RIGHT COUNT 2
      LMPOP 1 l RIGHT COUNT 100
      LMPOP 1 l RIGHT COUNT 100
      RPUSH l 1 2 3 4 5 6 7 8
      BLPOP none l 0
      brpop l 0
      BLMPOP 0 1 l LEFT COUNT 2
      BLMOVE l m LEFT right 0
      BLMOVE l l left LEFT 0
      BRPOPLPUSH l m 0
      RPOPLPUSH l m
      LMOVE m m RIGHT LEFT
      MULTI
      BLPOP l 0
      BLPOP none 0
      BLMOVE m l LEFT LEFT 0
      EXEC
      EVAL 'return redis.call("BLMPOP", 0, 1, "m", "LEFT")' 0
      """)
  }

  @Test func `who has waited is answered by what would not have waited`() throws {
    try run(
      """
      2: BLPOP a b 0
      RPUSH b 1 2
      DEL b
      compare
      2: BRPOP a b 0
      3: BRPOP a b 0
      RPUSH a 1 2 3
      compare
      DEL a
      2: BLMPOP 0 2 a b RIGHT COUNT 2
      RPUSH a 1 2 3
      DEL a
      2: BLMOVE a b LEFT RIGHT 0
      3: BLPOP b 0
      RPUSH a 1
      compare
      2: BRPOPLPUSH a b 0
      MULTI
      RPUSH a 1
      SET other 1
      EXEC
      compare
      2: BZPOPMIN z y 0
      3: BZPOPMAX z 0
      ZADD z 1 a 2 b 3 c
      DEL z
      2: BZMPOP 0 1 z MAX COUNT 10
      ZADD z 1 a 2 b
      2: BLPOP l 0
      3: BLPOP l 0
      EVAL 'redis.call("RPUSH", "l", 1, 2) redis.call("SET", "k", 1)' 0
      compare
      SET target 1
      2: BLMOVE a target LEFT RIGHT 0
      RPUSH a 1
      DEL target
      SET target 1 PX 1
      DEL a
      2: BLMOVE a target LEFT RIGHT 0
      pass
      RPUSH a 1
      compare
      XGROUP CREATE x g $ MKSTREAM
      2: XREADGROUP GROUP g c BLOCK 0 STREAMS x >
      3: XREADGROUP GROUP g d BLOCK 0 NOACK STREAMS x >
      XADD x 1-1 a b
      XADD x 1-2 a b
      compare
      2: XREAD BLOCK 0 STREAMS x $
      XADD x 1-3 a b
      """)
  }

  @Test func `sets and sorted sets`() throws {
    try run(
      """
      SADD s 1 2 3
      SADD s 1
      SREM s none
      SREM s 1
      SPOP s 2
      SADD s 1
      SPOP s
      SADD s 1 2 3
      SPOP s 100
      SPOP s 5
      SPOP s
      SADD s 1 2 3
      SPOP s 0
      SMOVE s t 1
      SMOVE s s 2
      SMOVE s t none
      SINTERSTORE i s t
      SUNIONSTORE u s t
      SDIFFSTORE u none
      ZADD z 1 a 2 b 3 c
      ZADD z 1 a
      ZADD z XX CH 4 c 5 none
      ZINCRBY z 1.5 a
      ZPOPMIN z
      ZPOPMAX z 10
      ZADD z 1 a 2 b 3 c 4 d
      ZMPOP 2 none z MIN
      ZMPOP 1 z MAX COUNT 2
      BZPOPMIN none z 0
      ZADD z 1 a 2 b 3 c 4 d 5 e
      bzpopmax z 0
      BZMPOP 0 1 z MIN COUNT 2
      BZMPOP 0 1 z MIN COUNT 20
      ZADD z 1 a 2 b 3 c 4 d 5 e
      ZREM z a none
      ZREMRANGEBYSCORE z 2 2
      ZREMRANGEBYRANK z 100 200
      ZRANGESTORE copy z 0 1
      ZRANGESTORE copy none 0 1
      ZUNIONSTORE sum 2 z z WEIGHTS 1 2
      ZINTERSTORE sum 2 z none
      ZDIFFSTORE sum 1 none
      GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
      geoadd g CH XX 13.4 38.1 Palermo 1 1 nowhere
      GEOADD g NX 13.4 38.1 Palermo
      GEORADIUS g 15 37 200 km STORE near
      GEOSEARCHSTORE near2 g FROMMEMBER Palermo BYRADIUS 500 km
      GEOSEARCHSTORE near2 g FROMLONLAT 100 10 BYRADIUS 1 km
      GEORADIUS g 100 10 1 km STORE near
      """)
  }

  @Test func `what is drawn at random is told by name`() throws {
    // The same number of members, of the same key.
    try run(
      """
      SADD s 1 2 3 4 5 6 7 8 9 10 11 12
      SPOP s
      SPOP s 3
      SPOP s 7
      SADD t a b c d e f g h i j k l m n o p q r s t u v w x y z
      SPOP t 2
      SPOP t 20
      MULTI
      SPOP t
      SPOP t 2
      EXEC
      """
    ) {
      $0 == $1
        || $0.name == "SREM" && $1.name == "SREM" && $0.words.count == $1.words.count && $0.words[1] == $1.words[1]
    }
  }

  @Test func `streams`() throws {
    let settings = Settings()
    settings.encodingLimits.streamNodeEntries = 5
    try run(
      """
      XADD x * a b
      XADD x 99999999999999-* a b
      DEL x
      XADD x 1-1 a b
      XADD x 2 a b
      XADD x 3-* a b
      XADD none NOMKSTREAM * a b
      XADD x MAXLEN 2 4-1 a b
      XADD x MAXLEN = 2 5-1 a b
      XADD x MINID 4 6-1 a b
      XADD x MAXLEN ~ 2 7-1 a b
      XADD x MAXLEN ~ 2 8-1 a b
      XADD x MAXLEN ~ 2 9-* a b
      XADD x MAXLEN ~ 2 LIMIT 10 10-1 a b
      XADD x NOMKSTREAM MINID ~ 10 11-1 a b
      XADD x MINID ~ 10 LIMIT 100 12-1 a b
      XADD x 13-1 a b
      XADD x 14-1 a b
      XADD x 15-1 a b
      XADD x 16-1 a b
      XTRIM x MAXLEN ~ 8
      XTRIM x MAXLEN ~ 5
      XTRIM x MAXLEN ~ 5 LIMIT 5
      xtrim x MINID ~ 14
      XTRIM x MINID ~ 17
      XTRIM x MAXLEN 100
      XTRIM x MAXLEN = 3
      XDEL x 14-1
      XDEL x 14-1
      XADD e 1-1 a b
      XADD e MAXLEN ~ 0 2-1 a b
      XADD e MINID ~ 5 3-1 a b
      XTRIM e MAXLEN 0
      XADD e MINID ~ 50 4-1 a b
      XADD e MINID ~ 50 LIMIT 0 5-1 a b
      XGROUP CREATE x g 0
      XGROUP CREATE y g $ MKSTREAM
      XGROUP CREATE x h 0 ENTRIESREAD 5
      XGROUP CREATECONSUMER x g c
      XGROUP CREATECONSUMER x g c
      XREADGROUP GROUP g c COUNT 1 STREAMS x >
      xreadgroup GROUP g d STREAMS x y > >
      XREADGROUP GROUP g d STREAMS x >
      XREADGROUP GROUP g d STREAMS x 0
      XREADGROUP GROUP g new STREAMS x 0
      XREADGROUP GROUP h c NOACK COUNT 1 STREAMS x >
      XREADGROUP GROUP h c NOACK STREAMS x >
      XREADGROUP GROUP h other NOACK STREAMS x 0
      XADD x 20-1 a b
      XADD x 21-1 a b
      XADD x 22-1 a b
      XADD y 20-1 a b
      XREADGROUP GROUP g c STREAMS x y > >
      XACK x g 20-1 99-1
      XACK x g 99-1
      XCLAIM x g d 0 21-1
      XCLAIM x g d 0 21 22-1 JUSTID
      XCLAIM x g d 0 22-1 IDLE 1000 RETRYCOUNT 7
      XCLAIM x g e 0 20-1 FORCE TIME 1000
      XCLAIM x g e 100000 21-1
      XCLAIM x g e 0 99-1
      XCLAIM x g e 0 99-1 LASTID 30-0
      XCLAIM x g e 0 21-1 LASTID 31-0
      XDEL x 21-1
      XCLAIM x g c 0 21-1 22-1
      XADD x 40-1 a b
      XADD x 41-1 a b
      XADD x 42-1 a b
      XREADGROUP GROUP g c STREAMS x >
      XDEL x 41-1
      XAUTOCLAIM x g e 0 0 COUNT 1
      XAUTOCLAIM x g f 0 22-1 JUSTID
      XAUTOCLAIM x g f 100000 0
      XGROUP SETID x g 40-1
      XGROUP SETID x g $ ENTRIESREAD 3
      XREADGROUP GROUP g c STREAMS x >
      XGROUP DELCONSUMER x g c
      XGROUP DELCONSUMER x g c
      XGROUP DESTROY x h
      XGROUP DESTROY x h
      XSETID x 50-1
      XSETID x 60-1 ENTRIESADDED 100 MAXDELETEDID 45-1
      MULTI
      XADD x * a b
      XREADGROUP GROUP g c COUNT 1 STREAMS x >
      EXEC
      """, directives: ["stream-node-max-entries 5"], settings: settings)
  }

  @Test func `keys and databases`() throws {
    try run(
      """
      FLUSHALL
      FLUSHDB
      SET a 1
      RENAME a b
      RENAMENX b b
      RENAMENX b c
      COPY c d
      COPY c d
      COPY c d DB 3 REPLACE
      MOVE c 2
      MOVE c 2
      SELECT 2
      SET x 1
      SWAPDB 2 3
      SWAPDB 2 2
      DEL c x none
      DEL none
      UNLINK c
      FLUSHDB ASYNC
      SELECT 15
      RPUSH l 3 1 2
      SORT l
      SORT l STORE s
      SORT none STORE s
      SORT none STORE s
      SORT l BY nosort GET # STORE s
      TOUCH l
      OBJECT ENCODING l
      FLUSHALL SYNC
      """)
  }

  @Test func `transactions`() throws {
    try run(
      """
      MULTI
      EXEC
      MULTI
      GET a
      EXEC
      MULTI
      SET a 1
      EXEC
      MULTI
      SET a 1
      SELECT 3
      SET b 2
      INCR c
      LPUSH b 1
      SELECT 0
      EXEC
      MULTI
      PUBLISH channel hello
      EXEC
      MULTI
      PUBLISH channel hello
      spublish channel there
      SET a 2
      EXEC
      PUBLISH channel again
      MULTI
      EXPIRE a 100
      GETDEL a
      FLUSHDB
      EXEC
      WATCH a
      SET a 1
      MULTI
      SET a 2
      EXEC
      MULTI
      SET a 1
      DISCARD
      MULTI
      SADD s 1 2 3
      SPOP s 3
      EXEC
      """)
  }

  @Test func `scripts are told by what they call`() throws {
    try run(
      """
      EVAL 'return 1' 0
      EVAL 'return redis.call("GET", "a")' 0
      EVAL 'return redis.call("SET", "a", "1")' 0
      EVAL 'redis.call("SET", "a", "1") redis.call("EXPIRE", "a", 100) return redis.call("INCRBYFLOAT", "b", "1.5")' 0
      EVAL 'redis.call("SET", "a", "1") redis.call("SELECT", 4) redis.call("SET", "a", "2")' 0
      EVAL 'redis.call("SET", "a", "1") return redis.call("INCR", "s", "x")' 0
      EVAL 'redis.set_repl(redis.REPL_NONE) redis.call("SET", "n", "1")' 0
      EVAL 'redis.call("SET", "d", "1") redis.set_repl(redis.REPL_NONE) redis.call("DEL", "n") redis.set_repl(redis.REPL_ALL) redis.call("SET", "c", "1")' 0
      EVAL 'redis.set_repl(redis.REPL_REPLICA) redis.call("SET", "r", "1") redis.call("SETEX", "t", "100", "1")' 0
      EVAL 'redis.set_repl(redis.REPL_NONE) redis.call("SET", "x", 1) redis.set_repl(redis.REPL_ALL) redis.call("EXPIRE", "x", "1000") redis.call("DEL", "x")' 0
      EVAL 'return redis.call("PUBLISH", "channel", "x")' 0
      MULTI
      EVAL 'redis.call("SET", "a", "1")' 0
      SET b 2
      EXEC
      """)
  }

  @Test func `where a group has come to is told, and what a look at the past changes`() throws {
    let script = """
      XADD x 1-1 a b
      XADD x 2-1 a b
      XADD x 3-1 a b
      XADD x 4-1 a b
      XADD x 5-1 a b
      XGROUP CREATE x g 1-1 ENTRIESREAD 1
      XREADGROUP GROUP g c COUNT 2 STREAMS x >
      compare
      XREADGROUP GROUP g c STREAMS x 0
      XREADGROUP GROUP g c COUNT 1 STREAMS x 0
      XREADGROUP GROUP g new STREAMS x 0
      compare
      SELECT 3
      XGROUP CREATE y g $ MKSTREAM
      XREADGROUP GROUP g new STREAMS y 0
      SELECT 0
      XREADGROUP GROUP g other NOACK COUNT 1 STREAMS x >
      MULTI
      XREADGROUP GROUP g c COUNT 1 STREAMS x >
      XREADGROUP GROUP g c STREAMS x 0
      SET a 1
      EXEC
      MULTI
      XREADGROUP GROUP g c STREAMS x 0
      SET a 2
      EXEC
      XGROUP SETID x g 3-1 ENTRIESREAD 9223372036854775807
      XREADGROUP GROUP g c NOACK COUNT 1 STREAMS x >
      XGROUP SETID x g 3-1 ENTRIESREAD 9223372036854775806
      XREADGROUP GROUP g c COUNT 1 STREAMS x >
      """
    // What the sum is beyond the last number, Redis does not know itself.
    try run(script) { $0.says(same: $1) || $0.name == "XGROUP" && $1.name == "XGROUP" && $0.words[4] == $1.words[4] }
  }

  @Test func `libraries of functions are told as they came`() throws {
    let witnesses = try Witnesses()
    let source = """
      #!lua name=lib
      redis.register_function('put', function(keys, args)
        redis.call('SET', keys[1], args[1])
        return redis.call('INCR', 'n')
      end)
      """
    try witnesses.send(["FUNCTION", "LOAD", source])
    try witnesses.send(["FUNCTION", "LOAD", source])
    try witnesses.send(["FUNCTION", "LOAD", "REPLACE", source])
    try witnesses.send(["FCALL", "put", "1", "k", "v"])
    let payload = try witnesses.redis.command("FUNCTION", "DUMP").bytes ?? []
    try witnesses.send(["FUNCTION", "DELETE", "none"])
    try witnesses.send(["FUNCTION", "DELETE", "lib"])
    try witnesses.send([Array("FUNCTION".utf8), Array("RESTORE".utf8), payload])
    try witnesses.send(["FUNCTION", "FLUSH"])
    try witnesses.send(["FUNCTION", "FLUSH", "ASYNC"])
    try witnesses.send([Array("FUNCTION".utf8), Array("RESTORE".utf8), payload, Array("FLUSH".utf8)])
    try witnesses.send(["FUNCTION", "LIST"])
    try witnesses.compare()
    try witnesses.checkFollowers()
  }

  @Test func `RESTORE is told with the time when the key expires`() throws {
    let witnesses = try Witnesses()
    try witnesses.send(["SET", "a", "value"])
    let payload = try witnesses.redis.command("DUMP", "a").bytes ?? []
    func restore(_ words: String..., then options: String...) throws {
      try witnesses.send((["RESTORE"] + words).map { Array($0.utf8) } + [payload] + options.map { Array($0.utf8) })
    }
    try restore("b", "0")
    try restore("b", "0")
    try restore("b", "0", then: "REPLACE")
    try restore("b", "100000", then: "REPLACE")
    try restore("c", "9999999999999", then: "absttl")
    try restore("d", "100000", then: "IDLETIME", "10")
    try restore("d", "1000", then: "replace", "ABSTTL")
    try restore("e", "1000", then: "ABSTTL")
    try witnesses.compare()
    try witnesses.checkFollowers()
  }
}
