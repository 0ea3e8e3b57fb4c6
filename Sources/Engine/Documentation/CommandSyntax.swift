/// The arguments of all commands: a line for each, its full name and then its arguments in the notation of
/// `ArgumentNotation`.
enum CommandSyntax {
  static let all = [
    strings, bitmaps, hyperLogLogs, generic, hashes, lists, sets, sortedSets, streams, geo, connection, server,
    cluster, transactions, pubsub, scripting, versions,
  ]
}
