/// MEMORY DOCTOR: what the figures mean, for people.
enum MemoryDoctor {
  /// Below this there is not enough to judge by.
  private static let leastBytes = 5 << 20
  /// A gap smaller than this is no loss worth a word.
  private static let leastGap = 10 << 20
  private static let usualClientBytes = 200 << 10

  static func report(_ figures: MemoryFigures) -> String {
    guard figures.allocated >= leastBytes else {
      return "This server holds next to nothing: there is not enough memory in use to find fault with.\n"
    }
    let findings = findings(figures)
    guard !findings.isEmpty else { return "No memory trouble found.\n" }
    return "What was found:\n\n" + findings.map { " * \($0)\n\n" }.joined()
  }

  private static func findings(_ figures: MemoryFigures) -> [String] {
    var findings: [String] = []
    if figures.peak > figures.allocated + figures.allocated / 2 {
      findings.append(
        "Peak: at some time the server used more than one and a half times the memory that it uses now. Pages of that time may still be held; MEMORY PURGE gives back those that are free."
      )
    }
    if isLarge(figures.fragmentation, 1.4) {
      findings.append(
        "Resident memory: the process takes more than 1.4 times the memory that it asked for. After a peak this passes; otherwise look at the allocator's own figures below."
      )
    }
    if isLarge(figures.allocatorFragmentation, 1.1) {
      findings.append(
        "Fragmentation: pages are less than nine tenths full, since what lay beside the living was freed.")
    }
    if isLarge(figures.allocatorResident, 1.1) {
      findings.append("Kept pages: the allocator keeps free pages for later. MEMORY PURGE gives them back.")
    }
    if isLarge(figures.residentOverhead, 1.1) {
      findings.append("Beside the allocator: the process takes memory that the allocator knows nothing of.")
    }
    if figures.dataset - figures.live > figures.live, figures.dataset - figures.live > leastGap {
      findings.append(
        "Versions: they hold more memory than the live dataset. VERSION LIST tells which of them, VERSION DROP gives it back."
      )
    }
    if figures.clientCount > 0, figures.clients / figures.clientCount > usualClientBytes {
      findings.append(
        "Clients: their input and output takes more than 200K each. CLIENT LIST tells whose; see qbuf, obl and omem.")
    }
    return findings
  }

  private static func isLarge(_ gap: MemoryFigures.Gap, _ ratio: Double) -> Bool {
    gap.ratio > ratio && gap.bytes > leastGap
  }
}
