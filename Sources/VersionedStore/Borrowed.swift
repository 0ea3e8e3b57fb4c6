/// A reference that is not counted, to an object that somebody else keeps alive for longer.
///
/// Even an `unowned(unsafe)` reference is counted up and down around each use, two atomics a time, which came to more than
/// half of the time of a pipelined GET. Inside `with` the object is borrowed and nothing is counted.
@safe
public struct Borrowed<Object: AnyObject> {
  private let reference: Unmanaged<Object>

  @inline(__always)
  public init(_ object: Object) { unsafe reference = .passUnretained(object) }

  @inline(__always)
  public func with<R>(_ body: (Object) -> R) -> R { unsafe reference._withUnsafeGuaranteedRef(body) }

  /// The object, counted; for use off the hot path.
  @inline(__always)
  public var object: Object { unsafe reference.takeUnretainedValue() }
}
