/// The commands on strings, one file for each kind. Behaviour and reply texts follow Redis 7.0.
enum StringCommands {
  static let all = reading + setting + replacing + writing + counting + [lcs]
}
