/// The commands on keys, whatever they hold, one file for each kind. Behaviour and reply texts follow Redis 7.0.
enum GenericCommands {
  static let all = presence + expiring + timesToLive + moving + walking + [object]
}
