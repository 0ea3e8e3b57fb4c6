internal import Synchronization

/// The number of a generation: 48 bits, rising for the life of the process, 0 before all others.
///
/// Everything that is written while a generation is open bears its number. Sealing opens the next one; what bears an
/// older number is immutable from then on.
@frozen
public struct Generation: Comparable, Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
  public let rawValue: UInt64

  @inlinable @inline(__always)
  init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// Older than every object.
  public static let none = Generation(0)

  @inlinable @inline(__always)
  public static func < (a: Generation, b: Generation) -> Bool { a.rawValue < b.rawValue }

  public var description: String { "\(rawValue)" }

  /// The next number. Datasets that are built on different threads share the count.
  static func next() -> Generation {
    let value = last.add(1, ordering: .relaxed).newValue
    precondition(value < 1 << 48, "generations are used up")
    return Generation(value)
  }

  private static let last = Atomic<UInt64>(0)
}

/// What an object in an arena is.
enum ObjectKind: UInt8 {
  case node = 1
  case collision, entry, blob, root, collection, branch
}

/// The first eight bytes of every object in an arena.
///
///     | generation: 48 bits | detail: 8 bits | kind: 3 bits, flags: 5 bits |
///
/// The detail is the capacity of a node and the tag of an entry; the flags are an entry's.
@usableFromInline
struct Stamp: BitwiseCopyable {
  @usableFromInline var raw: UInt64

  @inlinable @inline(__always)
  init(raw: UInt64) { self.raw = raw }

  @inline(__always)
  init(_ generation: Generation, _ kind: ObjectKind, flags: UInt8 = 0, detail: UInt8 = 0) {
    raw = generation.rawValue | UInt64(detail) &<< 48 | UInt64(kind.rawValue | flags) &<< 56
  }

  @inlinable @inline(__always)
  var generation: Generation { Generation(raw & 0xffff_ffff_ffff) }
  @inlinable @inline(__always)
  var detail: UInt8 { UInt8(truncatingIfNeeded: raw &>> 48) }
  @inlinable @inline(__always)
  var flags: UInt8 { UInt8(truncatingIfNeeded: raw &>> 56) & 0xf8 }
  @inline(__always)
  var kind: ObjectKind {
    guard let kind = ObjectKind(rawValue: UInt8(truncatingIfNeeded: raw &>> 56) & 7) else {
      fatalError("not an object of the store")
    }
    return kind
  }
}
