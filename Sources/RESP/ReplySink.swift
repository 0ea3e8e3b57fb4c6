/// Which protocol a client speaks: 2 until it says `HELLO 3`.
public enum ProtocolVersion: UInt8, Sendable {
  case resp2 = 2
  case resp3 = 3
}

/// Takes the replies to one client, in the protocol that this client speaks.
///
/// A handler writes what it means (a map, a null, a double) and the sink's version decides on the form, as in Redis's
/// `addReply` family. Forms: https://redis.io/docs/reference/protocol-spec/.
public protocol ReplySink: ByteSink {
  var version: ProtocolVersion { get }

  /// Number of bytes appended so far, those already sent not counted if the sink forgets them.
  var byteCount: Int { get }

  /// Puts `bytes` before the byte at `offset`, and moves what is behind. `offset` was `byteCount` earlier in the same
  /// command.
  mutating func insert(_ bytes: RawSpan, at offset: Int)
}

extension ReplySink {
  /// `+OK`
  @inlinable
  public mutating func ok() {
    append(word: 0x0A0D_4B4F_2B, count: 5)
  }

  /// A status such as `PONG`; `text` holds no CR or LF.
  @inlinable
  public mutating func simpleString(_ text: StaticString) {
    append(Ascii.plus)
    append(text)
    lineEnd()
  }

  /// A status that came from a client or a peer; a CR or LF in it becomes a blank.
  public mutating func simpleString(_ bytes: RawSpan) {
    append(Ascii.plus)
    appendOneLine(bytes)
    lineEnd()
  }

  @inlinable
  public mutating func integer(_ number: Int) {
    header(Ascii.colon, number)
  }

  /// The absent value.
  @inlinable
  public mutating func null() {
    switch version {
    case .resp2: append(word: 0x0A0D_312D24, count: 5)
    case .resp3: append(word: 0x0A0D_5F, count: 3)
    }
  }

  /// The absent array, which RESP3 does not tell from the absent value.
  @inlinable
  public mutating func nullArray() {
    switch version {
    case .resp2: append(word: 0x0A0D_312D2A, count: 5)
    case .resp3: append(word: 0x0A0D_5F, count: 3)
    }
  }

  /// `count` pairs of a key and a value have to follow.
  @inlinable
  public mutating func mapHeader(_ count: Int) {
    switch version {
    case .resp2: header(Ascii.asterisk, count * 2)
    case .resp3: header(Ascii.percent, count)
    }
  }

  /// `count` elements have to follow.
  @inlinable
  public mutating func setHeader(_ count: Int) {
    header(version == .resp2 ? Ascii.asterisk : Ascii.tilde, count)
  }

  /// `count` elements of a message that is no reply have to follow.
  @inlinable
  public mutating func pushHeader(_ count: Int) {
    header(version == .resp2 ? Ascii.asterisk : Ascii.greaterThan, count)
  }

  /// `count` pairs have to follow, and then the reply that they are about. RESP3 only.
  public mutating func attributeHeader(_ count: Int) {
    precondition(version == .resp3, "RESP2 has no attributes")
    header(Ascii.verticalBar, count)
  }

  @inlinable
  public mutating func boolean(_ value: Bool) {
    switch version {
    case .resp2: integer(value ? 1 : 0)
    case .resp3: append(word: value ? 0x0A0D_7423 : 0x0A0D_6623, count: 4)
    }
  }

  /// With 17 significant digits; a bulk string in RESP2.
  public mutating func double(_ value: Double) {
    let text = DoubleText(value)
    switch version {
    case .resp2:
      text.withBytes { bulk($0) }
    case .resp3:
      append(Ascii.comma)
      text.withBytes { append($0) }
      lineEnd()
    }
  }

  /// An integer of any size, given by its digits; a bulk string in RESP2.
  public mutating func bigNumber(_ digits: RawSpan) {
    switch version {
    case .resp2:
      bulk(digits)
    case .resp3:
      append(Ascii.leftParenthesis)
      append(digits)
      lineEnd()
    }
  }

  /// Text for people, as that of INFO; a bulk string in RESP2. `format` is three characters (`txt`, `mkd`).
  public mutating func verbatim(_ bytes: RawSpan, format: StaticString = "txt") {
    precondition(format.utf8CodeUnitCount == 3, "a verbatim format has three characters")
    switch version {
    case .resp2:
      bulk(bytes)
    case .resp3:
      header(Ascii.equals, bytes.byteCount + 4)
      append(format)
      append(Ascii.colon)
      append(bytes)
      lineEnd()
    }
  }
}
