public import Values
public import VersionedStore

/// A piece of a value that is no short string, in the order of the snapshot: its beginning, what is in it, its end. All
/// `Bytes` are good until the sink has returned.
public enum SnapshotEvent {
  case begin(key: Bytes, type: ValueType, expiryMilliseconds: Int64?, access: AccessHint)
  /// The next bytes of a long string.
  case text(Bytes)
  /// Of a list, from head to tail, or of a set.
  case element(Bytes)
  case field(Bytes, value: Bytes, expiryMilliseconds: Int64?)
  /// The score is a number.
  case member(Bytes, score: Double)
  /// Several elements of a list, a set, a hash (fields and values) or a sorted set (members and scores), in the format of
  /// `PackedElements`; they are elements, and so many, but nothing else is known of them.
  case packed(Bytes, count: Int)
  /// A set in the format of `IntegerSet`, which it is.
  case integers(Bytes)
  /// A node of a stream: its master id and the elements of its listpack.
  case streamNode(StreamID, Bytes, count: Int)
  /// What a stream knows beyond its entries; ids and counts from before Redis 7.0 are missing.
  case streamState(length: UInt64, last: StreamID, first: StreamID?, maxDeleted: StreamID?, added: UInt64?)
  case streamGroup(name: Bytes, last: StreamID, entriesRead: UInt64?)
  /// An entry that was delivered to the group of the last `streamGroup` and not acknowledged.
  case streamPending(StreamID, deliveredMilliseconds: Int64, count: UInt64)
  case streamConsumer(name: Bytes, seenMilliseconds: Int64)
  /// An entry of the group's that is pending for the consumer of the last `streamConsumer`.
  case streamConsumerPending(StreamID)
  case end
}
