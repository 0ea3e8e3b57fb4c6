internal import Values
internal import VersionedStore

/// What may be done to keys that a pattern matches.
struct KeyPermission: OptionSet {
  let rawValue: UInt8

  static let read = KeyPermission(rawValue: 1 << 0)
  static let write = KeyPermission(rawValue: 1 << 1)
  static let all: KeyPermission = [.read, .write]
}

extension KeyPermission {
  /// What a command needs that does this to a key. One that only learns whether a key is there, or how long it is, needs
  /// nothing in particular: any permission will do.
  init(for access: KeySpecification.Access) {
    self = []
    if access.contains(.access) { insert(.read) }
    if !access.isDisjoint(with: [.insert, .delete, .update]) { insert(.write) }
  }
}

/// One set of permissions: commands, and the keys and channels that these may name. A user has one that his plain rules
/// make, the root, and those that he was given in parentheses; what he does must be allowed by one of them alone.
struct Selector: Equatable {
  struct KeyPattern: Equatable {
    let pattern: [UInt8]
    var permission: KeyPermission
  }

  var commands: CommandPermissions
  var allowsAllKeys = false
  var keys: [KeyPattern] = []
  var allowsAllChannels: Bool
  var channels: [[UInt8]] = []

  /// Without permissions, but that of all channels where new users are to have it (`acl-pubsub-default`).
  init(idLimit: Int, allowsAllChannels: Bool) {
    commands = CommandPermissions(idLimit: idLimit)
    self.allowsAllChannels = allowsAllChannels
  }

  var allowsEverything: Bool { commands.allowsAll && allowsAllKeys && allowsAllChannels }

  func allows(_ permission: KeyPermission, of key: Bytes) -> Bool {
    if allowsAllKeys { return true }
    return keys.contains { pattern in
      pattern.permission.isSuperset(of: permission) && pattern.pattern.withBytes { Glob.matches($0, key) }
    }
  }

  /// Whether any key may be used so, whatever its name.
  func allowsOfEveryKey(_ permission: KeyPermission) -> Bool {
    allowsAllKeys
      || keys.contains { $0.permission.isSuperset(of: permission) && $0.pattern == [UInt8(ascii: "*")] }
  }

  func allows(channel: Bytes, isPattern: Bool) -> Bool {
    allowsAllChannels || Self.admits(channels, channel: channel, isPattern: isPattern)
  }

  /// Whether one of `patterns` matches a channel or, for a pattern, is spelled like it.
  static func admits(_ patterns: [[UInt8]], channel: Bytes, isPattern: Bool) -> Bool {
    patterns.contains { $0.withBytes { isPattern ? $0 == channel : Glob.matches($0, channel) } }
  }
}

// MARK: Checking a command

extension Selector {
  /// Why a command may not be run; nil if it may.
  func denial(
    _ record: CommandRecord, _ arguments: CommandArguments, _ channels: ChannelArguments?
  ) -> Denial? {
    if !record.flags.contains(.noAuth), !commands.allows(record.id, arguments) { return Denial(.command) }
    if !allowsAllKeys {
      var denied = 0
      let areAllowed = KeyFinder.forEachKey(of: record.command, arguments) { position, access in
        denied = position
        return allows(KeyPermission(for: access), of: arguments[position])
      }
      if !areAllowed { return Denial(.key, argument: denied) }
    }
    if !allowsAllChannels, let channels {
      for position in channels.positions(arguments.count)
      where !allows(channel: arguments[position], isPattern: channels.arePatterns) {
        return Denial(.channel, argument: position)
      }
    }
    return nil
  }
}

// MARK: Writing rules down

extension Selector {
  /// The rules that make this selector, a word each, as in ACL LIST.
  func description(_ commands: AccessCommands) -> [[UInt8]] {
    var words: [[UInt8]] = []
    if allowsAllKeys {
      words.append(Array("~*".utf8))
    } else {
      // The pattern of all keys comes last: behind it, no other is taken when the rules are read back.
      words += keys.filter { !$0.meansAllKeys }.map(\.description) + keys.filter(\.meansAllKeys).map(\.description)
    }
    if allowsAllChannels {
      words.append(Array("&*".utf8))
    } else {
      words.append(Array("resetchannels".utf8))
      words += channels.map { [UInt8(ascii: "&")] + $0 }
    }
    return words + self.commands.description(commands)
  }

  /// As in ACL GETUSER.
  var keysDescription: [UInt8] {
    allowsAllKeys ? Array("~*".utf8) : AccessRule.line(keys.map(\.description))
  }

  /// As in ACL GETUSER.
  var channelsDescription: [UInt8] {
    if allowsAllChannels { return Array("&*".utf8) }
    return AccessRule.line(channels.map { [UInt8(ascii: "&")] + $0 })
  }
}

extension Selector.KeyPattern {
  /// Is written as `~*`.
  fileprivate var meansAllKeys: Bool { permission == .all && pattern == [UInt8(ascii: "*")] }

  fileprivate var description: [UInt8] {
    let prefix =
      switch permission {
      case .read: "%R~"
      case .write: "%W~"
      default: "~"
      }
    return Array(prefix.utf8) + pattern
  }
}
