extension ReplySink {
  /// An error; `text` begins with its code (`ERR`, `WRONGTYPE`) and holds no CR or LF.
  @inlinable
  public mutating func error(_ text: StaticString) {
    append(Ascii.minus)
    append(text)
    lineEnd()
  }

  /// An error that quotes a client: `prefix` begins with the code. A CR or LF in `quoted` becomes a blank, since it
  /// would end the reply.
  public mutating func error(_ prefix: StaticString, quoting quoted: RawSpan, _ suffix: StaticString = "") {
    append(Ascii.minus)
    append(prefix)
    appendOneLine(quoted)
    append(suffix)
    lineEnd()
  }

  /// An error whose text was put together at run time, code first. Line ends at its end are dropped, others become
  /// blanks.
  public mutating func error(_ text: RawSpan) {
    var count = text.byteCount
    while count > 0, Ascii.isLineEnd(text.byte(at: count - 1)) { count -= 1 }
    append(Ascii.minus)
    appendOneLine(text.extracting(first: count))
    lineEnd()
  }

  /// What a session answers before it closes the connection.
  public mutating func error(_ error: ProtocolError) {
    append("-ERR Protocol error: ")
    append(error.text)
    if case .expectedDollar(let byte) = error {
      append(Ascii.isLineEnd(byte) ? Ascii.space : byte)
      append(Ascii.singleQuote)
    }
    lineEnd()
  }

  /// The bytes with a blank for each CR and LF.
  public mutating func appendOneLine(_ bytes: RawSpan) {
    for offset in 0..<bytes.byteCount {
      let byte = bytes.byte(at: offset)
      append(Ascii.isLineEnd(byte) ? Ascii.space : byte)
    }
  }
}
