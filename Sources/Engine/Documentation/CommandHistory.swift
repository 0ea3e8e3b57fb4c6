/// How commands changed from one version of Redis to another, and which of them have a better successor.
enum CommandHistory {
  /// The full name, the version, and what changed with it.
  static let changes = """
    acl|getuser 6.2.0 Shows patterns of channels.
    acl|getuser 7.0.0 Shows selectors, and patterns in the form of rules.
    acl|setuser 6.2.0 Takes patterns of channels.
    acl|setuser 7.0.0 Takes selectors, and tells reading from writing in patterns of keys.
    auth 6.0.0 Takes the name of a user.
    bgsave 3.2.2 Takes SCHEDULE.
    bitcount 7.0.0 Takes BYTE and BIT.
    bitpos 7.0.0 Takes BYTE and BIT.
    blpop 6.0.0 The timeout may have decimals.
    brpop 6.0.0 The timeout may have decimals.
    brpoplpush 6.0.0 The timeout may have decimals.
    bzpopmax 6.0.0 The timeout may have decimals.
    bzpopmin 6.0.0 The timeout may have decimals.
    client|kill 2.8.12 Takes filters.
    client|kill 2.8.12 Takes ID.
    client|kill 3.2.0 Knows TYPE master.
    client|kill 5.0.0 Knows TYPE replica; slave means the same.
    client|kill 6.2.0 Takes LADDR.
    client|list 2.8.12 Shows the field id.
    client|list 5.0.0 Takes TYPE.
    client|list 6.0.0 Shows the field user.
    client|list 6.2.0 Shows the fields argv-mem, tot-mem, laddr and redir, and takes ID.
    client|list 7.0.0 Shows the fields resp, multi-mem, rbs and rbp.
    client|list 7.0.3 Shows the field ssub.
    client|pause 6.2.0 Takes a mode, of which WRITE is new.
    cluster|meet 4.0.0 Takes the port of the cluster's own connections.
    cluster|slots 4.0.0 Shows the ids of nodes.
    cluster|slots 7.0.0 Shows more of how nodes are reached.
    command|info 7.0.0 Describes all commands when none is named.
    config|get 7.0.0 Takes several patterns.
    config|set 7.0.0 Takes several parameters.
    exists 3.0.3 Takes several keys.
    expire 7.0.0 Takes NX, XX, GT and LT.
    expireat 7.0.0 Takes NX, XX, GT and LT.
    flushall 4.0.0 Takes ASYNC.
    flushall 6.2.0 Takes SYNC.
    flushdb 4.0.0 Takes ASYNC.
    flushdb 6.2.0 Takes SYNC.
    geoadd 6.2.0 Takes CH, NX and XX.
    georadius 6.2.0 Takes ANY behind COUNT.
    georadius 7.0.0 Knows units in upper case.
    georadius_ro 6.2.0 Takes ANY behind COUNT.
    georadiusbymember 7.0.0 Knows units in upper case.
    geosearch 7.0.0 Knows units in upper case.
    geosearchstore 7.0.0 Knows units in upper case.
    hdel 2.4.0 Takes several fields.
    hello 6.2.0 Without a version it only describes the connection.
    hset 4.0.0 Takes several fields with their values.
    info 7.0.0 Takes several sections.
    lpop 6.2.0 Takes a count.
    lpush 2.4.0 Takes several elements.
    lpushx 4.0.0 Takes several elements.
    migrate 3.0.0 Takes COPY and REPLACE.
    migrate 3.0.6 Takes KEYS.
    migrate 4.0.7 Takes AUTH.
    migrate 6.0.0 Takes AUTH2.
    pexpire 7.0.0 Takes NX, XX, GT and LT.
    pexpireat 7.0.0 Takes NX, XX, GT and LT.
    pttl 2.8.0 May answer -2.
    renamenx 3.2.0 A key may be renamed to itself.
    restore 3.0.0 Takes REPLACE.
    restore 5.0.0 Takes ABSTTL.
    restore 5.0.0 Takes IDLETIME and FREQ.
    rpop 6.2.0 Takes a count.
    rpush 2.4.0 Takes several elements.
    rpushx 4.0.0 Takes several elements.
    sadd 2.4.0 Takes several members.
    scan 6.0.0 Takes TYPE.
    script|flush 6.2.0 Takes ASYNC and SYNC.
    set 2.6.12 Takes EX, PX, NX and XX.
    set 6.0.0 Takes KEEPTTL.
    set 6.2.0 Takes GET, EXAT and PXAT.
    set 7.0.0 Takes NX and GET together.
    shutdown 7.0.0 Takes NOW, FORCE and ABORT.
    slowlog|get 4.0.0 Shows the client's address and name.
    spop 3.2.0 Takes a count.
    srandmember 2.6.0 Takes a count.
    srem 2.4.0 Takes several members.
    ttl 2.8.0 May answer -2.
    xadd 6.2.0 Takes NOMKSTREAM, MINID and LIMIT.
    xadd 7.0.0 Takes ids of the form <ms>-*.
    xautoclaim 7.0.0 Answers also with the entries that are gone.
    xgroup|create 7.0.0 Takes ENTRIESREAD.
    xgroup|setid 7.0.0 Takes ENTRIESREAD.
    xinfo|groups 7.0.0 Shows the fields entries-read and lag.
    xinfo|stream 6.0.0 Takes FULL.
    xinfo|stream 7.0.0 Shows the fields max-deleted-entry-id, entries-added, recorded-first-entry-id, entries-read and lag.
    xpending 6.2.0 Takes IDLE, and intervals without their ends.
    xrange 6.2.0 Takes intervals without their ends.
    xrevrange 6.2.0 Takes intervals without their ends.
    xsetid 7.0.0 Takes ENTRIESADDED and MAXDELETEDID.
    xtrim 6.2.0 Takes MINID and LIMIT.
    zadd 2.4.0 Takes several members.
    zadd 3.0.2 Takes XX, NX, CH and INCR.
    zadd 6.2.0 Takes GT and LT.
    zrange 6.2.0 Takes REV, BYSCORE, BYLEX and LIMIT.
    zrangebyscore 2.0.0 Takes WITHSCORES.
    zrem 2.4.0 Takes several members.
    zrevrangebyscore 2.1.6 Takes intervals without their ends.
    """

  /// The full name, the version that deprecated it, and what to use instead.
  static let deprecations = """
    brpoplpush 6.2.0 BLMOVE from RIGHT to LEFT
    cluster|slaves 5.0.0 CLUSTER REPLICAS
    cluster|slots 7.0.0 CLUSTER SHARDS
    georadius 6.2.0 GEOSEARCH or GEOSEARCHSTORE, BYRADIUS
    georadius_ro 6.2.0 GEOSEARCH, BYRADIUS
    georadiusbymember 6.2.0 GEOSEARCH or GEOSEARCHSTORE, FROMMEMBER and BYRADIUS
    georadiusbymember_ro 6.2.0 GEOSEARCH, FROMMEMBER and BYRADIUS
    getset 6.2.0 SET with GET
    hmset 4.0.0 HSET
    rpoplpush 6.2.0 LMOVE from RIGHT to LEFT
    slaveof 5.0.0 REPLICAOF
    substr 2.0.0 GETRANGE
    zrangebylex 6.2.0 ZRANGE with BYLEX
    zrangebyscore 6.2.0 ZRANGE with BYSCORE
    zrevrange 6.2.0 ZRANGE with REV
    zrevrangebylex 6.2.0 ZRANGE with REV and BYLEX
    zrevrangebyscore 6.2.0 ZRANGE with REV and BYSCORE
    """
}
