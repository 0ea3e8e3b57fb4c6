internal import VersionedStore

/// The text of INFO for the sections that a client asks for.
///
/// Sections come in Redis's order, those that modules brought behind them. A module's section of the same name takes
/// the place of the engine's own.
struct InfoReport {
  private struct Section {
    let name: String
    let title: String
    /// Shown when no section is named.
    let isDefault: Bool
    let lines: () -> [String]
  }

  private var sections: [Section]

  init(_ engine: Engine) {
    sections = [
      Section(name: "server", title: "Server", isDefault: true) { engine.serverInfo() },
      Section(name: "clients", title: "Clients", isDefault: true) { engine.clientsInfo() },
      Section(name: "memory", title: "Memory", isDefault: true) { engine.memoryInfo() },
      Section(name: "persistence", title: "Persistence", isDefault: true) { engine.persistenceInfo() },
      Section(name: "stats", title: "Stats", isDefault: true) { engine.statsInfo() },
      Section(name: "replication", title: "Replication", isDefault: true) { engine.replicationInfo() },
      Section(name: "cpu", title: "CPU", isDefault: true) { engine.processorInfo() },
      // There are no modules to list.
      Section(name: "modules", title: "Modules", isDefault: true) { [] },
      Section(name: "commandstats", title: "Commandstats", isDefault: false) { engine.commandStatsInfo() },
      Section(name: "errorstats", title: "Errorstats", isDefault: true) { engine.errorStatsInfo() },
      Section(name: "latencystats", title: "Latencystats", isDefault: false) { engine.latencyStatsInfo() },
      Section(name: "cluster", title: "Cluster", isDefault: true) { engine.clusterInfo() },
      Section(name: "keyspace", title: "Keyspace", isDefault: true) { engine.keyspaceInfo() },
      Section(name: "versions", title: "Versions", isDefault: true) { engine.versionsInfo() },
    ]
    for brought in engine.infoSections {
      let section = Section(name: brought.name, title: brought.title, isDefault: true, lines: brought.lines)
      if let own = sections.firstIndex(where: { $0.name == brought.name }) {
        sections[own] = section
      } else {
        sections.append(section)
      }
    }
  }

  /// The sections that `names` choose, in lower case; none of them chooses the usual ones. A name that is unknown
  /// chooses nothing.
  func text(_ names: [String]) -> String {
    let all = names.contains("all") || names.contains("everything")
    let usual = names.isEmpty || names.contains("default")
    let names = names.map { $0 == "module_list" ? "modules" : $0 }
    return
      sections
      .filter { all || usual && $0.isDefault || names.contains($0.name) }
      .map { section in
        (["# \(section.title)"] + section.lines()).map { $0 + "\r\n" }.joined()
      }
      .joined(separator: "\r\n")
  }
}
