internal import VersionedStore

/// The name of a channel, or a pattern for such names: kept by the subscriptions, or lent by a command to look one up.
struct ChannelName: Hashable {
  private enum Form {
    case kept([UInt8])
    /// Good during the command.
    case lent(Bytes)
  }

  private let form: Form

  init(keeping bytes: Bytes) { form = .kept(Array(bytes)) }

  init(lending bytes: Bytes) { form = .lent(bytes) }

  func withBytes<R>(_ body: (Bytes) -> R) -> R {
    switch form {
    case .kept(let array): array.withBytes { body($0) }
    case .lent(let bytes): body(bytes)
    }
  }

  static func == (a: ChannelName, b: ChannelName) -> Bool { a.withBytes { a in b.withBytes { a == $0 } } }

  func hash(into hasher: inout Hasher) {
    withBytes { bytes in unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) } }
  }
}
