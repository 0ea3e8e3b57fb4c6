import Engine
import RESP
import TestSupport
import Testing

@Suite struct GeoCommandsTests {
  @Test func repliesEqualThoseOfRedis() throws {
    try Transcript().isSame([
      "GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", "GEOADD s 2.349014 48.864716 Paris",
      "GEOADD s XX CH 2.3 48.8 Paris 1 1 none", "GEOADD s NX 0 0 Paris", "GEOADD s NX XX 0 0 a", "GEOADD s 200 100 bad",
      "GEOADD s 1 x bad", "GEOADD s 1 2", "GEOADD s -1.5 -89.123456 bad", "ZSCORE s Palermo",
      "GEOPOS s Palermo none Paris",
      "GEOPOS none a", "GEOPOS s", "GEOHASH s Palermo Catania none", "GEOHASH none a", "GEODIST s Palermo Catania",
      "GEODIST s Palermo Catania km", "GEODIST s Palermo Catania MI", "GEODIST s Palermo Catania ft",
      "GEODIST s Palermo Catania x", "GEODIST s Palermo none", "GEODIST none a b", "GEODIST s a b km x",
      "GEODIST s Palermo Palermo",
      "GEORADIUS s 15 37 200 km WITHDIST", "GEORADIUS s 15 37 200 km WITHCOORD WITHDIST WITHHASH ASC",
      "GEORADIUS s 15 37 200 km DESC COUNT 1", "GEORADIUS s 15 37 1 km", "GEORADIUS s 15 37 -1 km",
      "GEORADIUS s 15 37 x km",
      "GEORADIUS s 15 37 200 xx", "GEORADIUS s 15 37 200 km COUNT 0", "GEORADIUS s 15 37 200 km ANY",
      "GEORADIUS s 15 37 200 km FOO", "GEORADIUS s 15 37 200 km STORE t", "ZRANGE t 0 -1 WITHSCORES",
      "GEORADIUS s 15 37 200 km STOREDIST t", "ZRANGE t 0 -1 WITHSCORES", "GEORADIUS s 15 37 200 km STORE t WITHDIST",
      "GEORADIUS none 15 37 200 km", "GEORADIUS none 15 37 200 km STORE t", "EXISTS t",
      "GEORADIUS_RO s 15 37 200 km STORE t", "GEORADIUS_RO s 15 37 200 km ASC",
      "GEORADIUSBYMEMBER s Palermo 200 km ASC",
      "GEORADIUSBYMEMBER s none 200 km", "GEORADIUSBYMEMBER none a 200 km",
      "GEORADIUSBYMEMBER_RO s Paris 2000 km WITHDIST ASC",
      "GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km ASC",
      "GEOSEARCH s FROMMEMBER Palermo BYBOX 400 400 km ASC WITHDIST",
      "GEOSEARCH s FROMMEMBER none BYBOX 400 400 km", "GEOSEARCH s BYRADIUS 200 km ASC DESC",
      "GEOSEARCH s FROMLONLAT 15 37 ASC DESC ASC", "GEOSEARCH s FROMLONLAT 15 37 BYBOX 1 x km",
      "GEOSEARCH s FROMLONLAT 15 37 BYBOX 1 -1 km",
      "GEOSEARCH s FROMLONLAT 15 37 FROMMEMBER Paris BYRADIUS 1 km",
      "GEOSEARCH s FROMLONLAT 15 37 BYBOX 1 1 km BYRADIUS 1 km",
      "GEOSEARCH none FROMMEMBER a BYRADIUS 1 km", "GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km STORE t",
      "GEOSEARCHSTORE t s FROMLONLAT 15 37 BYRADIUS 200 km", "ZRANGE t 0 -1 WITHSCORES",
      "GEOSEARCHSTORE t s FROMLONLAT 15 37 BYBOX 400 400 km STOREDIST COUNT 1", "ZRANGE t 0 -1 WITHSCORES",
      "GEOSEARCHSTORE t s FROMLONLAT 15 37 BYRADIUS 200 km WITHDIST",
      "GEOSEARCHSTORE t none FROMLONLAT 15 37 BYRADIUS 200 km",
      "EXISTS t", "SET str 1", "GEOADD str 1 1 a", "GEOPOS str a", "GEOSEARCH str FROMLONLAT 1 1 BYRADIUS 1 m",
      "RPUSH l 3 1 2 10", "SORT l", "SORT l DESC", "SORT l ALPHA", "SORT l LIMIT 1 2", "SORT l LIMIT -1 2",
      "SORT l LIMIT 5 2",
      "SORT l LIMIT 1 x", "SORT l BY nosort", "SORT l BY nosort DESC LIMIT 1 2", "SORT l FOO",
      "MSET w1 5 w2 3 w3 9 w10 1",
      "SORT l BY w*", "SORT l BY w* GET # GET w*", "HSET o1 f 4 g a", "HSET o2 f 1", "SORT l BY o*->f GET o*->g GET #",
      "SORT l BY o*->", "SORT l GET nokey", "SORT l GET *", "RPUSH words b a c", "SORT words", "SORT words ALPHA DESC",
      "SORT l STORE r", "LRANGE r 0 -1", "SORT l GET x* STORE r", "LRANGE r 0 -1", "SORT none STORE r", "EXISTS r",
      "SORT none", "SORT str", "SADD set 5 3 9", "SORT set", "SORT set BY nosort STORE r", "LRANGE r 0 -1",
      "ZADD z 3 a 2 b 1 c", "SORT z ALPHA", "SORT z BY nosort", "SORT z BY nosort DESC LIMIT 0 2", "SORT z",
      "SORT_RO l DESC", "SORT_RO l STORE r", "SORT l ALPHA BY w* DESC", "RPUSH f 1.5 -2 1e3 inf", "SORT f",
      "SORT l GET",
    ])
  }

  /// The eastern edge of the world lies in cells of its own, and from there searches find it.
  @Test func theEdgeOfTheWorldIsFound() throws {
    try Transcript().isSame([
      "GEOADD g 180 -85.05112878 a 180 85.05112878 b -180 0 c 180 0 d", "GEORADIUSBYMEMBER g a 5000 ft",
      "GEORADIUSBYMEMBER g b 5000 ft", "GEORADIUSBYMEMBER g c 5000 ft", "GEORADIUSBYMEMBER g d 5000 ft",
      "GEOSEARCH g FROMMEMBER d BYBOX 10 10 km", "GEOSEARCH g FROMLONLAT 180 85 BYRADIUS 100 km WITHDIST WITHHASH",
      "GEOADD g 18446744073709551616 86 a", "GEOADD g 1e300 0 a", "GEOADD g inf -inf a", "GEOADD g -180.0000001 0 a",
    ])
  }

  /// Scores that no place has.
  @Test func scoresThatAreNoGeohashes() throws {
    try Transcript().isSame([
      "ZADD g -1 a -1.5 b inf c -inf d 1e300 e -1e300 f 18446744073709551615 h 9223372036854775808 i 4503599627370496 j",
      "GEOPOS g a b c d e f h i j", "GEOHASH g a b c d e f h i j", "GEODIST g a c",
    ])
  }

  /// SORT takes for a number what C's `strtod` takes for one.
  @Test func sortReadsNumbersAsC() throws {
    for element in ["0x10", "+5", "1e3", "-0", "inf", "1e400", "1e-400", "nan", "5x", ".5", "5.", "--5", "''"] {
      try Transcript().isSame(["RPUSH l 7 \(element) 6", "SORT l", "SORT l BY nosort", "SORT_RO l DESC LIMIT 5 1"])
    }
  }

  @Test func randomSearchesFindWhatRedisFinds() throws {
    var generator = SeededGenerator()
    let redis = try ServerProcess(.redis, directives: ["save ''"]).connect()
    let harness = EngineHarness()
    func number(_ low: Double, _ high: Double) -> Double { Double.random(in: low...high, using: &generator) }
    for member in 0..<2000 {
      let command = ["GEOADD", "places", "\(number(-180, 180))", "\(number(-85, 85))", "m\(member)"]
      #expect(try harness.run(command) == redis.command(command))
    }
    for _ in 0..<300 {
      let near = generator.oneIn(3)
      let size = near ? number(1, 500) : number(500, 20_000)
      let shape =
        generator.oneIn(2) ? ["BYRADIUS", "\(size)", "km"] : ["BYBOX", "\(size)", "\(number(1, 9000))", "km"]
      let from =
        generator.oneIn(2)
        ? ["FROMMEMBER", "m\(Int(number(0, 1999)))"] : ["FROMLONLAT", "\(number(-180, 180))", "\(number(-85, 85))"]
      let options = [["ASC"], ["DESC", "WITHDIST"], ["COUNT", "5", "WITHCOORD"], ["ASC", "WITHHASH"]][
        Int(number(0, 3.99))]
      let command = ["GEOSEARCH", "places"] + from + shape + options
      #expect(try harness.run(command) == redis.command(command), "\(generator): \(command)")
    }
  }

  /// Access is asked for the first key that is named; Redis stores at the last.
  @Test(arguments: ["STORE", "STOREDIST"])
  func oneKeyIsStoredAt(_ second: String) throws {
    let harness = EngineHarness()
    try harness.run("GEOADD", "s", "13", "38", "a")
    #expect(
      try harness.run("GEORADIUS", "s", "13", "38", "1", "km", "STORE", "t", second, "u") == .error("ERR syntax error"))
    #expect(try harness.run("EXISTS", "t", "u") == .integer(0))
  }
}
