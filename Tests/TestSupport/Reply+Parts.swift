public import RESP

extension Reply {
  /// The elements of an array; nil for anything else, so that `#require` says what came instead.
  public var items: [Reply]? {
    if case .array(let items) = self { return items }
    return nil
  }
}
