/// CLUSTER and the commands that go with it, as a server has them that is no part of a cluster: clients, rules about
/// users and COMMAND find them there, and are told so. Behaviour and reply texts follow Redis 7.0.
enum ClusterCommands {
  static let all = [cluster, asking, readOnly, readWrite]

  private static let refusal = Command.Handler.control { call, _ throws(CommandError) in
    throw call.refuse("ERR This instance has cluster support disabled")
  }

  // MARK: Of a connection

  static let asking = Command(
    "asking", arity: .exactly(1), flags: [.fast], categories: [.connection], group: .cluster, since: "3.0.0",
    "Has the next command served although its slot is still moving to this node.", refusal)

  static let readOnly = Command(
    "readonly", arity: .exactly(1), flags: [.fast, .loading, .stale], categories: [.connection], group: .cluster,
    since: "3.0.0", "Lets a connection to a replica in a cluster read from it.", refusal)

  static let readWrite = Command(
    "readwrite", arity: .exactly(1), flags: [.fast, .loading, .stale], categories: [.connection], group: .cluster,
    since: "3.0.0", "Takes READONLY back.", refusal)

  // MARK: Of the cluster

  static let cluster = Command(
    "cluster", arity: .atLeast(2), group: .cluster, since: "3.0.0", complexity: "Depends on subcommand.",
    "Container for commands about a cluster.", subcommands: open + forAdministrators + changing)

  /// What anybody may ask.
  private static let open = [
    subcommand("countkeysinslot", .exactly(3), "Answers with the number of keys in a slot."),
    subcommand(
      "getkeysinslot", .exactly(4), complexity: "O(N) for N keys that are asked for.", "Lists keys in a slot."),
    subcommand("help", .exactly(2), flags: [.loading, .stale], since: "5.0.0", "Describes the subcommands."),
    subcommand("info", .exactly(2), "Describes the state of the cluster as this node sees it."),
    subcommand("keyslot", .exactly(3), complexity: "O(N) for N bytes of the key.", "Answers with the slot of a key."),
    subcommand("links", .exactly(2), since: "7.0.0", complexity: perNode, "Lists the connections to other nodes."),
    subcommand("myid", .exactly(2), "Answers with this node's id."),
    subcommand("nodes", .exactly(2), complexity: perNode, "Lists the nodes and their slots."),
    subcommand("shards", .exactly(2), since: "7.0.0", complexity: perNode, "Lists slots and the nodes that have them."),
    subcommand("slots", .exactly(2), complexity: perNode, "Lists slots and the nodes that have them."),
  ]

  private static let forAdministrators = [
    subcommand(
      "count-failure-reports", .exactly(3), flags: [.admin, .stale], complexity: "O(N) for N reports.",
      "Answers with the number of nodes that hold another one for failed."),
    subcommand("replicas", .exactly(3), flags: [.admin, .stale], since: "5.0.0", "Lists the replicas of a node."),
    subcommand(
      "reset", .atLeast(2), flags: [.admin, .noScript, .stale], complexity: "O(N) for N nodes that are known.",
      "Has this node forget the cluster."),
    subcommand("slaves", .exactly(3), flags: [.admin, .stale], "Lists the replicas of a node."),
  ]

  /// What changes the cluster.
  private static let changing = [
    change("addslots", .atLeast(3), complexity: perSlot, "Gives this node slots that nobody has."),
    change(
      "addslotsrange", .atLeast(4), since: "7.0.0", complexity: perSlot, "Gives this node ranges of slots."),
    change("bumpepoch", .exactly(2), "Moves the epoch of the configuration on."),
    change("delslots", .atLeast(3), complexity: perSlot, "Has this node forget who has slots."),
    change(
      "delslotsrange", .atLeast(4), since: "7.0.0", complexity: perSlot,
      "Has this node forget who has ranges of slots."),
    change("failover", .atLeast(2), "Has this replica take the place of its primary."),
    change("flushslots", .exactly(2), "Takes all of its slots from this node."),
    change("forget", .exactly(3), "Removes a node from the table of nodes."),
    change("meet", .atLeast(4), "Makes another node known to the cluster."),
    change("replicate", .exactly(3), "Makes this node a replica of another one."),
    change("saveconfig", .exactly(2), "Writes the state of the cluster to the disk."),
    change("set-config-epoch", .exactly(3), "Sets the epoch of a new node."),
    change("setslot", .atLeast(4), "Says which node has a slot, or where the slot is moving."),
  ]

  private static let perNode: StaticString = "O(N) for N nodes of the cluster."
  private static let perSlot: StaticString = "O(N) for N slots."

  private static func subcommand(
    _ name: StaticString, _ arity: Arity, flags: CommandFlags = [.stale], since: StaticString = "3.0.0",
    complexity: StaticString = "O(1)", _ summary: StaticString
  ) -> Command {
    Command(
      name, arity: arity, flags: flags, group: .cluster, since: since, complexity: complexity, summary, refusal)
  }

  private static func change(
    _ name: StaticString, _ arity: Arity, since: StaticString = "3.0.0", complexity: StaticString = "O(1)",
    _ summary: StaticString
  ) -> Command {
    subcommand(
      name, arity, flags: [.admin, .stale, .noAsyncLoading], since: since, complexity: complexity, summary)
  }
}
