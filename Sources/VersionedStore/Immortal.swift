/// A value that is made once and lives as long as the process, such as a command of the table.
///
/// A handle without a reference count, which is why it exists: a class reference costs an atomic each time it is copied.
@safe
public struct Immortal<Value>: Equatable {
  public static func == (a: Immortal, b: Immortal) -> Bool { unsafe a.pointer == b.pointer }

  private let pointer: UnsafeMutablePointer<Value>

  public init(_ value: Value) {
    unsafe pointer = .allocate(capacity: 1)
    unsafe pointer.initialize(to: value)
  }

  /// The value, read and changed in place.
  @inline(__always)
  public var value: Value {
    unsafeAddress { unsafe UnsafePointer(pointer) }
    nonmutating unsafeMutableAddress { unsafe pointer }
  }
}
