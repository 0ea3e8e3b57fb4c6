/// An aggregate that is being read, with the elements that it has so far.
struct ReplyFrame {
  private enum Kind {
    case array, set, push, map
    /// Its pairs are being read.
    case attributes
    /// Its pairs are complete; the reply that they belong to comes next.
    case attributed([ReplyPair])
  }

  private var kind: Kind
  private var elements: [Reply] = []
  /// Elements still to come.
  private(set) var remaining: Int

  /// `count` elements or pairs, as announced after `type`.
  init(_ type: UInt8, count: Int) {
    switch type {
    case Ascii.tilde: kind = .set
    case Ascii.greaterThan: kind = .push
    case Ascii.percent: kind = .map
    case Ascii.verticalBar: kind = .attributes
    default: kind = .array
    }
    switch kind {
    case .array, .set, .push: remaining = count
    case .map, .attributes, .attributed: remaining = count * 2
    }
    if case .attributes = kind, count == 0 { awaitSubject() }
  }

  /// Adds the next element; the whole aggregate when it was the last one.
  mutating func take(_ element: Reply) -> Reply? {
    elements.append(element)
    remaining -= 1
    guard remaining == 0 else { return nil }
    if case .attributes = kind {
      awaitSubject()
      return nil
    }
    return whole
  }

  /// The aggregate, when nothing remains.
  var whole: Reply {
    switch kind {
    case .array: .array(elements)
    case .set: .set(elements)
    case .push: .push(elements)
    case .map, .attributes: .map(pairs)
    case .attributed(let attributes): .attributed(attributes, elements[0])
    }
  }

  private var pairs: [ReplyPair] {
    stride(from: 0, to: elements.count, by: 2).map { ReplyPair(elements[$0], elements[$0 + 1]) }
  }

  private mutating func awaitSubject() {
    kind = .attributed(pairs)
    elements = []
    remaining = 1
  }
}
