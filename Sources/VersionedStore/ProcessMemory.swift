internal import CJemalloc
internal import Glibc

/// What the allocator holds for the whole process, at one moment. A look takes some microseconds.
public struct ProcessMemory: Equatable, Sendable {
  /// Bytes that the process has asked for.
  public let allocated: Int
  /// Bytes of the pages that hold them.
  public let active: Int
  /// Bytes of pages that the allocator keeps in memory, free ones among them.
  public let resident: Int

  public static func now() -> ProcessMemory {
    refresh()
    return ProcessMemory(
      allocated: value("stats.allocated"), active: value("stats.active"), resident: value("stats.resident"))
  }

  /// Bytes of the process that are in memory, whoever took them; 0 if the system does not tell.
  public static func residentSetSize() -> Int {
    let file = unsafe fopen("/proc/self/statm", "r")
    guard let file = unsafe file else { return 0 }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    guard unsafe fgets(&line, 256, file) != nil else { return 0 }
    // Pages of address space, then pages in memory.
    let fields = String(decoding: line.map(UInt8.init(bitPattern:)), as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
  }

  /// Bytes of memory that the machine has.
  public static func ofMachine() -> Int { sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) }

  /// Gives pages without a living object back to the system, those of every arena.
  public static func purge() {
    // MALLCTL_ARENAS_ALL
    _ = unsafe mallctl("arena.4096.purge", nil, nil, nil, 0)
  }

  /// All that the allocator tells of itself: some ten kilobytes of text.
  public static func allocatorReport() -> [UInt8] {
    let report = Report()
    unsafe malloc_stats_print(
      { context, line in
        guard let context = unsafe context, let line = unsafe line else { return }
        unsafe Unmanaged<Report>.fromOpaque(context).takeUnretainedValue().text += String(cString: line).utf8
      }, Unmanaged.passUnretained(report).toOpaque(), nil)
    return report.text
  }

  private final class Report {
    var text: [UInt8] = []
  }

  /// jemalloc's name and version, as INFO names an allocator.
  public static let allocatorName: String = {
    let version = JEMALLOC_VERSION.prefix { $0 != "-" }
    return "jemalloc-\(version)"
  }()

  /// Figures stand still until the allocator is told that a new epoch has begun.
  private static func refresh() {
    var epoch: UInt64 = 1
    _ = unsafe mallctl("epoch", nil, nil, &epoch, MemoryLayout<UInt64>.size)
  }

  private static func value(_ name: String) -> Int {
    var value = 0
    var size = MemoryLayout<Int>.size
    return unsafe mallctl(name, &value, &size, nil, 0) == 0 ? value : 0
  }
}
