import Glibc

/// A double as Redis writes it: C's `%.17g`, `inf` and `-inf`.
public struct DoubleText {
  private var storage = InlineArray<32, UInt8>(repeating: 0)
  private var count = 0

  public init(_ value: Double) {
    var text = storage.mutableSpan
    // At most 24 characters (-1.7976931348623157e+308), and the NUL that printf adds.
    count = unsafe text.withUnsafeMutableBytes { unsafe formatDouble(value, into: $0) }
  }

  public func withBytes<R>(_ body: (RawSpan) -> R) -> R {
    unsafe body(storage.span.bytes.extracting(first: count))
  }
}

/// `snprintf` itself, which Swift cannot call.
private func formatDouble(_ value: Double, into buffer: UnsafeMutableRawBufferPointer) -> Int {
  let written = unsafe withVaList([value]) { arguments in
    unsafe vsnprintf(buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count, "%.17g", arguments)
  }
  return min(Int(written), buffer.count - 1)
}
