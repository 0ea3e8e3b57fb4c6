// Commands about connections, the server, clusters, transactions, messages, scripts and versions.
// A command that is not here takes no arguments. Lines are as long as the commands are.

extension CommandSyntax {
  static let connection = """
    auth [username@6.0.0] password
    client|caching mode(YES | NO)
    client|kill filter(ip:port!2.8.12 | new-format([ID client-id:integer@2.8.12] | [TYPE normal_master_slave_pubsub(NORMAL | MASTER@3.2.0 | SLAVE | REPLICA@5.0.0 | PUBSUB)@2.8.12] | [USER username] | [ADDR ip:port] | [LADDR ip:port@6.2.0] | [SKIPME yes/no])...)
    client|list [TYPE normal_master_replica_pubsub(NORMAL | MASTER | REPLICA | PUBSUB)@5.0.0] [ID id(client-id:integer...)@6.2.0]
    client|no-evict enabled(ON | OFF)
    client|no-touch enabled(ON | OFF)
    client|pause timeout:integer [mode(WRITE | ALL)@6.2.0]
    client|reply on_off_skip(ON | OFF | SKIP)
    client|setinfo attribute(LIB-NAME libname | LIB-VER libver)
    client|setname connection-name
    client|tracking status(ON | OFF) [REDIRECT client-id:integer] [PREFIX... prefix] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]
    client|unblock client-id:integer [timeout_error(TIMEOUT | ERROR)]
    echo message
    hello [arguments(protover:integer [AUTH username_password(username password)] [SETNAME clientname])]
    ping [message]
    select index:integer
    """

  static let server = """
    acl|cat [categoryname]
    acl|deluser username...
    acl|dryrun username command [arg...]
    acl|genpass [bits:integer]
    acl|getuser username
    acl|log [operation(count:integer | RESET)]
    acl|setuser username [rule...]
    bgsave [SCHEDULE@3.2.2]
    command|docs [command-name...]
    command|info [command-name...]
    command|list [FILTERBY filterby(MODULE module-name | ACLCAT category | PATTERN pattern)]
    config|get parameter(parameter)...
    config|set parameter_value(parameter value)...
    failover [TO target(host port:integer [FORCE])] [ABORT] [TIMEOUT milliseconds:integer]
    flushall [async(ASYNC@4.0.0 | SYNC@6.2.0)]
    flushdb [async(ASYNC@4.0.0 | SYNC@6.2.0)]
    info [section...]
    latency|graph event
    latency|histogram [command...]
    latency|history event
    latency|reset [event...]
    lolwut [VERSION version:integer]
    memory|usage key [SAMPLES count:integer]
    psync replicationid offset:integer
    replicaof args(host-port(host port:integer) | no-one(no=NO ONE)) [purpose(VERIFY | DRYRUN)]
    shutdown [nosave_save(NOSAVE | SAVE)] [NOW@7.0.0] [FORCE@7.0.0] [ABORT@7.0.0]
    slaveof args(host-port(host port:integer) | no-one(no=NO ONE)) [purpose(VERIFY | DRYRUN)]
    slowlog|get [count:integer]
    swapdb index1:integer index2:integer
    """

  static let cluster = """
    cluster|addslots slot:integer...
    cluster|addslotsrange start-slot_end-slot(start-slot:integer end-slot:integer)...
    cluster|count-failure-reports node-id
    cluster|countkeysinslot slot:integer
    cluster|delslots slot:integer...
    cluster|delslotsrange start-slot_end-slot(start-slot:integer end-slot:integer)...
    cluster|failover [options(FORCE | TAKEOVER)]
    cluster|forget node-id
    cluster|getkeysinslot slot:integer count:integer
    cluster|keyslot key:string
    cluster|meet ip port:integer [cluster_bus_port:integer@4.0.0]
    cluster|replicas node-id
    cluster|replicate node-id
    cluster|reset [hard_soft(HARD | SOFT)]
    cluster|set-config-epoch config-epoch:integer
    cluster|setslot slot:integer subcommand(IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE)
    cluster|slaves node-id
    """

  static let transactions = """
    multi [ROLLBACK]
    watch key...
    """

  static let pubsub = """
    psubscribe pattern(pattern)...
    publish channel message
    pubsub|channels [pattern]
    pubsub|numsub [channel...]
    pubsub|shardchannels [pattern]
    pubsub|shardnumsub [shardchannel...]
    punsubscribe [pattern...]
    spublish shardchannel message
    ssubscribe shardchannel...
    subscribe channel...
    sunsubscribe [shardchannel...]
    unsubscribe [channel...]
    """

  static let scripting = """
    eval script numkeys:integer [key...] [arg...]
    eval_ro script numkeys:integer [key...] [arg...]
    evalsha sha1 numkeys:integer [key...] [arg...]
    evalsha_ro sha1 numkeys:integer [key...] [arg...]
    fcall function numkeys:integer [key...] [arg...]
    fcall_ro function numkeys:integer [key...] [arg...]
    function|delete library-name
    function|flush [async(ASYNC | SYNC)]
    function|list [LIBRARYNAME library-name-pattern] [WITHCODE]
    function|load [REPLACE] function-code
    function|restore serialized-value [policy(FLUSH | APPEND | REPLACE)]
    script|debug mode(YES | SYNC | NO)
    script|exists sha1...
    script|flush [async(ASYNC | SYNC)@6.2.0]
    script|load script
    """

  static let versions = """
    version|create [name]
    version|diff version other-version [FIELDS key:string] [DB db:integer] [MATCH pattern] [COUNT count:integer] [CURSOR cursor:integer]
    version|drop version... [DRYRUN]
    version|hold version tag
    version|info version
    version|load file [COMMIT]
    version|read version command [arg...]
    version|release version tag
    version|restore version key:string...
    version|rollback version
    version|use version
    """
}
