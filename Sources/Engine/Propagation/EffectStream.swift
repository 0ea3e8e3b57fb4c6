internal import RESP
public import VersionedStore

/// Who is told of an effect.
public struct EffectTargets: OptionSet, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let replicas = EffectTargets(rawValue: 1 << 0)
  /// The append-only log.
  public static let journal = EffectTargets(rawValue: 1 << 1)
  public static let all: EffectTargets = [.replicas, .journal]
}

/// Commands that bring another dataset to where the live one is: what replicas are sent, or what the append-only log holds.
///
/// RESP arrays one behind the other, with a SELECT before every command of another database than the one before, and with
/// what belongs together between MULTI and EXEC. Whoever takes them sets `take`, and opens the stream.
public final class EffectStream {
  /// Who is told.
  let target: EffectTargets
  /// Nothing is written to a stream that is not open.
  public var isOpen = false {
    didSet { onOpenChange() }
  }
  /// Takes what was written since the last time; see `Engine.handOverEffects`.
  public var take: (Bytes) -> Void = { _ in }
  /// Bytes that were ever written to it, taken or not.
  public private(set) var end: Int64 = 0
  /// What was not taken yet.
  let bytes = ByteQueue()
  /// The database of the last command; -1 for none, so that the next one names its own.
  public private(set) var database = -1
  var onOpenChange: () -> Void = {}

  init(_ target: EffectTargets) { self.target = target }

  deinit { bytes.deallocate() }

  /// The database that the stream has come to be in; nil if the next command names its own.
  public var selectedDatabase: Int? { database < 0 ? nil : database }

  /// The next command says what database it is for: whoever begins to read there does not know.
  public func forgetDatabase() { database = -1 }

  /// Moves the end on though nothing was written: for what no command tells of, but others wait for.
  public func skip() { end &+= 1 }

  /// Gives to its taker what was written.
  func handOver() {
    guard bytes.count > 0 else { return }
    take(bytes.bytes)
    bytes.truncate(to: 0)
    if bytes.capacity > Self.capacityKept { bytes.shrink(to: 1024) }
  }

  /// Memory that an empty stream keeps.
  private static let capacityKept = 1 << 20

  /// Writes what belongs together and is for this stream.
  func write(_ unit: Effects.Unit) {
    guard isOpen else { return }
    let count = unit.count(for: target)
    guard count > 0 else { return }
    let before = bytes.count
    let isBracketed = count > 1 && unit.bracketed.contains(target)
    var isFirst = true
    unit.forEach(for: target) { database, command in
      // What says nothing of a database leaves the choice as it is.
      if database >= 0, database != self.database { select(database) }
      if isFirst, isBracketed { bytes.append(Bytes("*1\r\n$5\r\nMULTI\r\n")) }
      isFirst = false
      bytes.append(command)
    }
    if isBracketed { bytes.append(Bytes("*1\r\n$4\r\nEXEC\r\n")) }
    end &+= Int64(bytes.count &- before)
  }

  private func select(_ database: Int) {
    self.database = database
    var writer = ReplyWriter(bytes, .resp2)
    writer.arrayHeader(2)
    writer.bulk("SELECT")
    writer.bulk(database)
  }
}
