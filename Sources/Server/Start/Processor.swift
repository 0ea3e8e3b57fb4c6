/// The least processor that a release build runs on: x86-64-v2, for its counting of bits.
enum Processor {
  private static let required = ["cx16", "lahf_lm", "popcnt", "pni", "ssse3", "sse4_1", "sse4_2"]

  /// The names of what this processor lacks, as /proc/cpuinfo spells them; none when that cannot be read.
  static func missingFeatures() -> [String] {
    guard let text = try? Files.read("/proc/cpuinfo") else { return [] }
    return missingFeatures(in: String(decoding: text, as: UTF8.self))
  }

  /// `cpuinfo` is the text of /proc/cpuinfo.
  static func missingFeatures(in cpuinfo: String) -> [String] {
    guard let line = cpuinfo.split(separator: "\n").first(where: { $0.hasPrefix("flags") }) else { return [] }
    let present = Set(line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == ":" }))
    return required.filter { !present.contains(Substring($0)) }
  }
}
