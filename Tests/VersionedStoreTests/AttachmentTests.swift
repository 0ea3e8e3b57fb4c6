import Testing
import VersionedStore

/// What belongs to a dataset beside its keys.
@Suite struct AttachmentTests {
  private static let (one, two) = ([UInt8]("one".utf8), [UInt8]("two".utf8))

  @Test func theyAreSealedAndComeBack() throws {
    let history = History(live: Dataset(databases: 1, lineage: 1))
    history.live.attachments = [Self.one]
    let first = try history.create(reason: "test", atMilliseconds: 1)
    history.live.attachments.append(Self.two)
    let undo = try #require(try history.rollback(to: first.id, atMilliseconds: 2))
    #expect(history.live.attachments == [Self.one])
    try history.rollback(to: undo.id, atMilliseconds: 3)
    #expect(history.live.attachments == [Self.one, Self.two])
  }

  @Test func theyGoAndComeWithALineage() throws {
    let history = History(live: Dataset(databases: 1, lineage: 1))
    history.live.attachments = [Self.one]
    let staged = Dataset(databases: 1, lineage: 2)
    staged.attachments = [Self.two]
    let former = history.commit(staged, reason: "test", atMilliseconds: 1)
    #expect(history.live.attachments == [Self.two])
    try history.rollback(to: former.id, keepCurrent: false, atMilliseconds: 2)
    #expect(history.live.attachments == [Self.one])
  }

  @Test func aTimeToLiveWithinACollectionIsRemembered() {
    let dataset = Dataset(databases: 1, lineage: 1)
    Self.one.withBytes { key in
      let hash = dataset.hash(key)
      dataset.put(0, key, hash, .word(1), tag: 0, expiry: 5, accessClock: 0)
      let open = dataset.putCollection(0, key, hash, tag: 0, expiry: 5, accessClock: 0)
      open.put(key, hash, .word(1))
      #expect(!dataset.hasHadInnerExpiry)
      open.setExpiry(key, hash, 5)
      #expect(dataset.hasHadInnerExpiry)
      // A copy in another lineage has it, too.
      let other = Dataset(databases: 1, lineage: 2)
      if let entry = dataset.head.find(0, key, hash) {
        other.copy(entry, to: 0, key, hash, expiry: nil, accessClock: 0)
      }
      #expect(other.hasHadInnerExpiry)
      open.setExpiry(key, hash, nil)
      #expect(dataset.hasHadInnerExpiry)
    }
  }
}
