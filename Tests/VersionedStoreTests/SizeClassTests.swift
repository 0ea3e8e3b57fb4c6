import CJemalloc
import Testing

@testable import VersionedStore

@Suite struct SizeClassTests {
  @Test func roundsAsTheAllocatorDoes() {
    for byteCount in 1...20_000 { #expect(SizeClass.round(byteCount) == nallocx(byteCount, 0)) }
    for byteCount in [1 << 20, 1 << 20 + 1, 300 << 20, 512 << 20 + 17] {
      #expect(SizeClass.round(byteCount) == nallocx(byteCount, 0))
    }
  }
}
