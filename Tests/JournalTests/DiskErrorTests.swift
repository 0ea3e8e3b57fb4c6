import Journal
import Testing

@Suite struct DiskErrorTests {
  @Test func errorsAreEqualByCodeAndText() {
    #expect(
      DiskError(code: 28, text: "No space left on device") == DiskError(code: 28, text: "No space left on device"))
    #expect(DiskError(code: 28, text: "No space left on device") != DiskError(code: 5, text: "Input/output error"))
  }
}
