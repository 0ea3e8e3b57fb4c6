internal import CJemalloc
internal import Synchronization

/// Owns one jemalloc arena with a thread cache of its own. Every object of a dataset lineage lives in it and dies with it.
///
/// An arena belongs to one thread at a time: the thread that builds a staged dataset hands the whole lineage over when
/// it is committed. Under `PLAIN_MALLOC` every object comes from plain `malloc`, so that the address sanitizer sees
/// each one; the arena then remembers its objects to be able to end them all.
@safe
public final class Arena {
  /// Bytes taken by living objects, as rounded by the allocator.
  public private(set) var allocatedBytes = 0
  /// Living objects.
  public private(set) var objectCount = 0

  #if PLAIN_MALLOC
    private var objects: Set<UnsafeMutableRawPointer> = unsafe []

    public init() {}

    @inline(__always)
    func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
      // What the size class leaves over is used too: an overwrite in place may grow into it.
      let object = unsafe malloc(SizeClass.round(byteCount))!
      unsafe objects.insert(object)
      allocatedBytes += SizeClass.round(byteCount)
      objectCount += 1
      return unsafe object
    }

    @inline(__always)
    func free(_ object: UnsafeMutableRawPointer, _ byteCount: Int) {
      let known = unsafe objects.remove(object)
      unsafe precondition(known != nil, "an object was freed that this arena does not hold")
      allocatedBytes -= SizeClass.round(byteCount)
      objectCount -= 1
      unsafe CJemalloc.free(object)
    }

    deinit {
      unsafe objects.forEach { unsafe CJemalloc.free($0) }
    }
  #else
    private let index: UInt32
    private let cache: UInt32
    private let flags: Int32
    /// Empty arenas that wait for their next use. One that is destroyed leaves 2 MB of addresses behind, and 4 kB of tables
    /// for them: too much where every RESTORE takes an arena.
    private static let idle = Mutex<[UInt32]>([])

    public init() {
      index = Self.idle.withLock { $0.popLast() } ?? Self.control("arenas.create")
      cache = Self.control("tcache.create")
      // MALLOCX_ARENA and MALLOCX_TCACHE are macros with arguments, which Swift does not import.
      flags = Int32(bitPattern: (index + 1) << 20 | (cache + 2) << 8)
    }

    @inline(__always)
    func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
      guard let object = unsafe mallocx(byteCount, flags) else {
        fatalError("out of memory: \(byteCount) bytes refused")
      }
      allocatedBytes += SizeClass.round(byteCount)
      objectCount += 1
      return unsafe object
    }

    @inline(__always)
    func free(_ object: UnsafeMutableRawPointer, _ byteCount: Int) {
      allocatedBytes -= SizeClass.round(byteCount)
      objectCount -= 1
      unsafe sdallocx(object, byteCount, flags)
    }

    /// Gives all memory back at once, without a walk: 0.2 s for ten million objects, so not on the serving thread.
    deinit {
      Self.command("tcache.destroy", cache)
      unsafe mallctl("arena.\(index).reset", nil, nil, nil, 0)
      unsafe mallctl("arena.\(index).purge", nil, nil, nil, 0)
      Self.idle.withLock { $0.append(index) }
    }

    private static func control(_ name: String) -> UInt32 {
      var value: UInt32 = 0
      var size = MemoryLayout<UInt32>.size
      let failure = unsafe mallctl(name, &value, &size, nil, 0)
      precondition(failure == 0, "\(name) failed: the process does not run on jemalloc")
      return value
    }

    private static func command(_ name: String, _ argument: UInt32) {
      var value = argument
      unsafe mallctl(name, nil, nil, &value, MemoryLayout<UInt32>.size)
    }
  #endif
}
