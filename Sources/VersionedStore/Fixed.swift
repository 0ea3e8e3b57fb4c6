/// A value that stays where it was made, such as a command of the table.
///
/// A handle without a reference count, which is why it exists: a class reference costs an atomic each time it is copied. Whoever
/// made it calls `deallocate` once, when nobody uses it any more.
@safe
public struct Fixed<Value>: Equatable {
  public static func == (a: Fixed, b: Fixed) -> Bool { unsafe a.pointer == b.pointer }

  private let pointer: UnsafeMutablePointer<Value>

  public init(_ value: Value) {
    unsafe pointer = .allocate(capacity: 1)
    unsafe pointer.initialize(to: value)
  }

  public func deallocate() {
    unsafe pointer.deinitialize(count: 1)
    unsafe pointer.deallocate()
  }

  /// The value, read and changed in place.
  @inline(__always)
  public var value: Value {
    unsafeAddress { unsafe UnsafePointer(pointer) }
    nonmutating unsafeMutableAddress { unsafe pointer }
  }
}
