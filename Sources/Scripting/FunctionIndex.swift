internal import Values
internal import VersionedStore

/// Finds a function by its name in any case, without making a string or an array of what the client has sent.
struct FunctionIndex {
  /// Open addressing: numbers of names, or -1.
  private var slots = [Int32](repeating: -1, count: 16)
  private(set) var functions: [FunctionLibrary.Function] = []

  init() {}

  /// Of names that differ only by their case the first is found.
  init(_ libraries: [FunctionLibrary]) {
    for function in libraries.lazy.flatMap(\.functions) where function.name.withBytes({ find($0) }) == nil {
      functions.append(function)
      if functions.count * 2 > slots.count { rebuild(capacity: slots.count * 2) } else { insert(functions.count - 1) }
    }
  }

  private mutating func rebuild(capacity: Int) {
    slots = [Int32](repeating: -1, count: capacity)
    for number in functions.indices { insert(number) }
  }

  private mutating func insert(_ number: Int) {
    var at = start(functions[number].name.withBytes { $0.caseInsensitiveHash })
    while slots[at] >= 0 { at = (at + 1) & (slots.count - 1) }
    slots[at] = Int32(number)
  }

  private func start(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (slots.count - 1) }

  func find(_ name: Bytes) -> FunctionLibrary.Function? {
    var at = start(name.caseInsensitiveHash)
    while slots[at] >= 0 {
      let function = functions[Int(slots[at])]
      if function.name.withBytes({ $0.equalsIgnoringCase(name) }) { return function }
      at = (at + 1) & (slots.count - 1)
    }
    return nil
  }
}
