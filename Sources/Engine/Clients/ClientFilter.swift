internal import RESP
internal import Values
internal import VersionedStore

/// The kinds of connections that CLIENT LIST and KILL tell apart.
enum ClientType {
  case normal, primary, replica, pubsub

  init(_ session: Session) {
    if session.isPrimary {
      self = .primary
    } else if session.isReplica {
      self = .replica
    } else {
      self = session.isSubscriber ? .pubsub : .normal
    }
  }

  /// The type that argument `index` names.
  init(_ call: inout Call, _ index: Int) throws(CommandError) {
    if call.matches(index, "normal") {
      self = .normal
    } else if call.matches(index, "master") {
      self = .primary
    } else if call.matches(index, "replica") || call.matches(index, "slave") {
      self = .replica
    } else if call.matches(index, "pubsub") {
      self = .pubsub
    } else {
      throw call.refuse("ERR Unknown client type '", quoting: call[index], "'")
    }
  }
}

/// The connections that a CLIENT KILL means: those that meet all that it says.
struct ClientFilter {
  private var id: Int?
  private var address: [UInt8]?
  private var localAddress: [UInt8]?
  private var type: ClientType?
  private var user: User?
  private var sparesAsker = true

  /// `CLIENT KILL address`, or pairs of an option and a value. The old form may hit the asker.
  init(_ call: inout Call, _ users: Users) throws(CommandError) {
    if call.count == 3 {
      address = Array(call[2])
      sparesAsker = false
      return
    }
    var index = 2
    while index < call.count {
      guard index + 1 < call.count else { throw .syntax }
      try read(&call, index, users)
      index += 2
    }
  }

  private mutating func read(_ call: inout Call, _ index: Int, _ users: Users) throws(CommandError) {
    let value = call[index + 1]
    if call.matches(index, "id") {
      guard let number = Int64(text: value), number > 0 else {
        throw call.refuse("ERR client-id should be greater than 0")
      }
      id = Int(number)
    } else if call.matches(index, "type") {
      type = try ClientType(&call, index + 1)
    } else if call.matches(index, "addr") {
      address = Array(value)
    } else if call.matches(index, "laddr") {
      localAddress = Array(value)
    } else if call.matches(index, "user") {
      user = users.find(value)
      guard user != nil else { throw call.refuse("ERR No such user '", quoting: value, "'") }
    } else if call.matches(index, "skipme") {
      sparesAsker = call.matches(index + 1, "yes")
      guard sparesAsker || call.matches(index + 1, "no") else { throw .syntax }
    } else {
      throw .syntax
    }
  }

  func matches(_ session: Session, asking asker: Session) -> Bool {
    if sparesAsker, session === asker { return false }
    if let id, session.id != id { return false }
    if let type, ClientType(session) != type { return false }
    if let user, session.user !== user || session.isPrimary { return false }
    if let address, !session.peer.remote.utf8.elementsEqual(address) { return false }
    if let localAddress, !session.peer.local.utf8.elementsEqual(localAddress) { return false }
    return true
  }
}
