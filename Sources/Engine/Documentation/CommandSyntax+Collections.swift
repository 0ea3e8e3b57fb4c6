// Commands on collections.
// A command that is not here takes no arguments. Lines are as long as the commands are.

extension CommandSyntax {
  static let hashes = """
    hdel key field...
    hexists key field
    hexpire key seconds:integer [condition(NX | XX | GT | LT)] FIELDS fields(numfields:integer field...)
    hexpireat key unix-time-seconds:time [condition(NX | XX | GT | LT)] FIELDS fields(numfields:integer field...)
    hexpiretime key FIELDS fields(numfields:integer field...)
    hget key field
    hgetall key
    hgetdel key FIELDS fields(numfields:integer field...)
    hgetex key [expiration(EX seconds:integer | PX milliseconds:integer | EXAT unix-time-seconds:time | PXAT unix-time-milliseconds:time | PERSIST)] FIELDS fields(numfields:integer field...)
    hincrby key field increment:integer
    hincrbyfloat key field increment:double
    hkeys key
    hlen key
    hmget key field...
    hmset key field_value(field value)...
    hpersist key FIELDS fields(numfields:integer field...)
    hpexpire key milliseconds:integer [condition(NX | XX | GT | LT)] FIELDS fields(numfields:integer field...)
    hpexpireat key unix-time-milliseconds:time [condition(NX | XX | GT | LT)] FIELDS fields(numfields:integer field...)
    hpexpiretime key FIELDS fields(numfields:integer field...)
    hpttl key FIELDS fields(numfields:integer field...)
    hrandfield key [options(count:integer [WITHVALUES])]
    hscan key cursor:integer [MATCH pattern] [COUNT count:integer]
    hset key field_value(field value)...
    hsetex key [condition(FNX | FXX)] [expiration(EX seconds:integer | PX milliseconds:integer | EXAT unix-time-seconds:time | PXAT unix-time-milliseconds:time | KEEPTTL)] FIELDS fields(numfields:integer field_value(field value)...)
    hsetnx key field value
    hstrlen key field
    httl key FIELDS fields(numfields:integer field...)
    hvals key
    """

  static let lists = """
    blmove source:key destination:key1 wherefrom(LEFT | RIGHT) whereto(LEFT | RIGHT) timeout:double
    blmpop timeout:double numkeys:integer key... where(LEFT | RIGHT) [COUNT count:integer]
    blpop key... timeout:double
    brpop key... timeout:double
    brpoplpush source:key destination:key1 timeout:double
    lindex key index:integer
    linsert key where(BEFORE | AFTER) pivot element
    llen key
    lmove source:key destination:key1 wherefrom(LEFT | RIGHT) whereto(LEFT | RIGHT)
    lmpop numkeys:integer key... where(LEFT | RIGHT) [COUNT count:integer]
    lpop key [count:integer@6.2.0]
    lpos key element [RANK rank:integer] [COUNT num-matches:integer] [MAXLEN len:integer]
    lpush key element...
    lpushx key element...
    lrange key start:integer stop:integer
    lrem key count:integer element
    lset key index:integer element
    ltrim key start:integer stop:integer
    rpop key [count:integer@6.2.0]
    rpoplpush source:key destination:key1
    rpush key element...
    rpushx key element...
    """

  static let sets = """
    sadd key member...
    scard key
    sdiff key...
    sdiffstore destination:key key:key1...
    sinter key...
    sintercard numkeys:integer key... [LIMIT limit:integer]
    sinterstore destination:key key:key1...
    sismember key member
    smembers key
    smismember key member...
    smove source:key destination:key1 member
    spop key [count:integer@3.2.0]
    srandmember key [count:integer@2.6.0]
    srem key member...
    sscan key cursor:integer [MATCH pattern] [COUNT count:integer]
    sunion key...
    sunionstore destination:key key:key1...
    """

  static let sortedSets = """
    bzmpop timeout:double numkeys:integer key... where(MIN | MAX) [COUNT count:integer]
    bzpopmax key... timeout:double
    bzpopmin key... timeout:double
    zadd key [condition(NX | XX)@3.0.2] [comparison(GT | LT)@6.2.0] [change=CH@3.0.2] [increment=INCR@3.0.2] score_member(score:double member)...
    zcard key
    zcount key min:double max:double
    zdiff numkeys:integer key... [WITHSCORES]
    zdiffstore destination:key numkeys:integer key:key1...
    zincrby key increment:integer member
    zinter numkeys:integer key... [WEIGHTS weight:integer...] [AGGREGATE aggregate(SUM | MIN | MAX)] [WITHSCORES]
    zintercard numkeys:integer key... [LIMIT limit:integer]
    zinterstore destination:key numkeys:integer key:key1... [WEIGHTS weight:integer...] [AGGREGATE aggregate(SUM | MIN | MAX)]
    zlexcount key min max
    zmpop numkeys:integer key... where(MIN | MAX) [COUNT count:integer]
    zmscore key member...
    zpopmax key [count:integer]
    zpopmin key [count:integer]
    zrandmember key [options(count:integer [WITHSCORES])]
    zrange key start stop [sortby(BYSCORE | BYLEX)@6.2.0] [REV@6.2.0] [LIMIT offset_count(offset:integer count:integer)@6.2.0] [WITHSCORES]
    zrangebylex key min max [LIMIT offset_count(offset:integer count:integer)]
    zrangebyscore key min:double max:double [WITHSCORES@2.0.0] [LIMIT offset_count(offset:integer count:integer)]
    zrangestore dst:key src:key1 min max [sortby(BYSCORE | BYLEX)] [REV] [LIMIT offset_count(offset:integer count:integer)]
    zrank key member
    zrem key member...
    zremrangebylex key min max
    zremrangebyrank key start:integer stop:integer
    zremrangebyscore key min:double max:double
    zrevrange key start:integer stop:integer [WITHSCORES]
    zrevrangebylex key max min [LIMIT offset_count(offset:integer count:integer)]
    zrevrangebyscore key max:double min:double [WITHSCORES] [LIMIT offset_count(offset:integer count:integer)]
    zrevrank key member
    zscan key cursor:integer [MATCH pattern] [COUNT count:integer]
    zscore key member
    zunion numkeys:integer key... [WEIGHTS weight:integer...] [AGGREGATE aggregate(SUM | MIN | MAX)] [WITHSCORES]
    zunionstore destination:key numkeys:integer key:key1... [WEIGHTS weight:integer...] [AGGREGATE aggregate(SUM | MIN | MAX)]
    """

  static let streams = """
    xack key group id...
    xadd key [NOMKSTREAM@6.2.0] [trim(strategy(MAXLEN | MINID@6.2.0) [operator(equal== | approximately=~)] threshold [LIMIT count:integer@6.2.0])] id_or_auto(auto_id=* | id) field_value(field value)...
    xautoclaim key group consumer min-idle-time start [COUNT count:integer] [JUSTID]
    xclaim key group consumer min-idle-time id... [IDLE ms:integer] [TIME unix-time-milliseconds:time] [RETRYCOUNT count:integer] [FORCE] [JUSTID] [LASTID id]
    xdel key id...
    xgroup|create key groupname id(id | new_id=$) [MKSTREAM] [ENTRIESREAD entries_read:integer]
    xgroup|createconsumer key groupname consumername
    xgroup|delconsumer key groupname consumername
    xgroup|destroy key groupname
    xgroup|setid key groupname id(id | new_id=$) [ENTRIESREAD entries_read:integer]
    xinfo|consumers key groupname
    xinfo|groups key
    xinfo|stream key [FULL full([COUNT count:integer])]
    xlen key
    xpending key group [filters([IDLE min-idle-time:integer@6.2.0] start end count:integer [consumer])]
    xrange key start end [COUNT count:integer]
    xread [COUNT count:integer] [BLOCK milliseconds:integer] STREAMS streams(key... id...)
    xreadgroup GROUP group_consumer(group consumer) [COUNT count:integer] [BLOCK milliseconds:integer] [NOACK] STREAMS streams(key... id...)
    xrevrange key end start [COUNT count:integer]
    xsetid key last-id [ENTRIESADDED entries_added:integer@7.0.0] [MAXDELETEDID max_deleted_entry_id@7.0.0]
    xtrim key trim(strategy(MAXLEN | MINID@6.2.0) [operator(equal== | approximately=~)] threshold [LIMIT count:integer@6.2.0])
    """

  static let geo = """
    geoadd key [condition(NX | XX)@6.2.0] [change=CH@6.2.0] longitude_latitude_member(longitude:double latitude:double member)...
    geodist key member1 member2 [unit(M | KM | FT | MI)]
    geohash key member...
    geopos key member...
    georadius key longitude:double latitude:double radius:double unit(M | KM | FT | MI) [WITHCOORD] [WITHDIST] [WITHHASH] [count(COUNT count:integer [ANY@6.2.0])] [order(ASC | DESC)] [STORE key:key1] [STOREDIST key:key2]
    georadius_ro key longitude:double latitude:double radius:double unit(M | KM | FT | MI) [WITHCOORD] [WITHDIST] [WITHHASH] [count(COUNT count:integer [ANY@6.2.0])] [order(ASC | DESC)]
    georadiusbymember key member radius:double unit(M | KM | FT | MI) [WITHCOORD] [WITHDIST] [WITHHASH] [count(COUNT count:integer [ANY])] [order(ASC | DESC)] [STORE key:key1] [STOREDIST key:key2]
    georadiusbymember_ro key member radius:double unit(M | KM | FT | MI) [WITHCOORD] [WITHDIST] [WITHHASH] [count(COUNT count:integer [ANY])] [order(ASC | DESC)]
    geosearch key from(FROMMEMBER member | FROMLONLAT longitude_latitude(longitude:double latitude:double)) by(circle(BYRADIUS radius:double unit(M | KM | FT | MI)) | box(BYBOX width:double height:double unit(M | KM | FT | MI))) [order(ASC | DESC)] [count(COUNT count:integer [ANY])] [WITHCOORD] [WITHDIST] [WITHHASH]
    geosearchstore destination:key source:key1 from(FROMMEMBER member | FROMLONLAT longitude_latitude(longitude:double latitude:double)) by(circle(BYRADIUS radius:double unit(M | KM | FT | MI)) | box(BYBOX width:double height:double unit(M | KM | FT | MI))) [order(ASC | DESC)] [count(COUNT count:integer [ANY])] [STOREDIST]
    """
}
