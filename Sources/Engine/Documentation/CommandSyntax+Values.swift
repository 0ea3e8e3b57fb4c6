// Commands on strings and what is made of them, and on keys of any type.
// A command that is not here takes no arguments. Lines are as long as the commands are.

extension CommandSyntax {
  static let strings = """
    append key value
    decr key
    decrby key decrement:integer
    get key
    getdel key
    getex key [expiration(EX seconds:integer | PX milliseconds:integer | EXAT unix-time-seconds:time | PXAT unix-time-milliseconds:time | PERSIST)]
    getrange key start:integer end:integer
    getset key value
    incr key
    incrby key increment:integer
    incrbyfloat key increment:double
    lcs key1:key key2:key [LEN] [IDX] [MINMATCHLEN len:integer] [WITHMATCHLEN]
    mget key...
    mset key_value(key value)...
    msetnx key_value(key value)...
    psetex key milliseconds:integer value
    set key value [condition(NX | XX)@2.6.12] [GET@6.2.0] [expiration(EX seconds:integer@2.6.12 | PX milliseconds:integer@2.6.12 | EXAT unix-time-seconds:time@6.2.0 | PXAT unix-time-milliseconds:time@6.2.0 | KEEPTTL@6.0.0)]
    setex key seconds:integer value
    setnx key value
    setrange key offset:integer value
    strlen key
    substr key start:integer end:integer
    """

  static let bitmaps = """
    bitcount key [index(start:integer end:integer [index_unit(BYTE | BIT)@7.0.0])]
    bitfield key [operation(GET encoding_offset(encoding offset:integer) | write([OVERFLOW wrap_sat_fail(WRAP | SAT | FAIL)] write_operation(SET encoding_offset_value(encoding offset:integer value:integer) | INCRBY encoding_offset_increment(encoding offset:integer increment:integer))))...]
    bitfield_ro key [GET... encoding_offset(encoding offset:integer)]
    bitop operation destkey:key key:key1...
    bitpos key bit:integer [index(start:integer [end_index(end:integer [index_unit(BYTE | BIT)@7.0.0])])]
    getbit key offset:integer
    setbit key offset:integer value:integer
    """

  static let hyperLogLogs = """
    pfadd key [element...]
    pfcount key...
    pfdebug subcommand key
    pfmerge destkey:key sourcekey:key1...
    """

  static let generic = """
    copy source:key destination:key1 [DB destination-db:integer] [REPLACE]
    del key...
    dump key
    exists key...
    expire key seconds:integer [condition(NX | XX | GT | LT)@7.0.0]
    expireat key unix-time-seconds:time [condition(NX | XX | GT | LT)@7.0.0]
    expiretime key
    keys pattern
    migrate host port:integer key_or_empty_string(key | empty_string=) destination-db:integer timeout:integer [COPY@3.0.0] [REPLACE@3.0.0] [authentication([AUTH password@4.0.7] | [AUTH2 username_password(username password)@6.0.0])] [KEYS key:key1...@3.0.6]
    move key db:integer
    object|encoding key
    object|freq key
    object|idletime key
    object|refcount key
    persist key
    pexpire key milliseconds:integer [condition(NX | XX | GT | LT)@7.0.0]
    pexpireat key unix-time-milliseconds:time [condition(NX | XX | GT | LT)@7.0.0]
    pexpiretime key
    pttl key
    rename key newkey:key1
    renamenx key newkey:key1
    restore key ttl:integer serialized-value [REPLACE@3.0.0] [ABSTTL@5.0.0] [IDLETIME seconds:integer@5.0.0] [FREQ frequency:integer@5.0.0]
    scan cursor:integer [MATCH pattern] [COUNT count:integer] [TYPE type@6.0.0]
    sort key [BY pattern:pattern1] [LIMIT offset_count(offset:integer count:integer)] [GET... pattern:pattern1] [order(ASC | DESC)] [sorting=ALPHA] [STORE destination:key2]
    sort_ro key [BY pattern:pattern1] [LIMIT offset_count(offset:integer count:integer)] [GET... pattern:pattern1] [order(ASC | DESC)] [sorting=ALPHA]
    touch key...
    ttl key
    type key
    unlink key...
    wait numreplicas:integer timeout:integer
    """
}
