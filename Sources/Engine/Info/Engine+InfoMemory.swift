internal import VersionedStore

// INFO: memory.
extension Engine {
  func memoryInfo() -> [String] {
    let figures = MemoryFigures(self)
    var lines = InfoLines()
    lines.add(bytes: "used_memory", figures.allocated)
    lines.add(bytes: "used_memory_rss", figures.residentSetSize)
    lines.add(bytes: "used_memory_peak", figures.peak)
    lines.add("used_memory_peak_perc", figures.peakPercentage, suffix: "%")
    lines.add("used_memory_overhead", figures.overhead)
    lines.add("used_memory_startup", figures.startup)
    lines.add("used_memory_dataset", figures.dataset)
    lines.add("used_memory_dataset_perc", figures.datasetPercentage, suffix: "%")
    lines.add("used_memory_live_dataset", figures.live)
    lines.add("allocator_allocated", figures.process.allocated)
    lines.add("allocator_active", figures.process.active)
    lines.add("allocator_resident", figures.process.resident)
    lines.add(bytes: "total_system_memory", ProcessMemory.ofMachine())
    addScripting(&lines)
    lines.add(bytes: "maxmemory", settings.maxmemory)
    lines.add("maxmemory_policy", settings.maxmemoryPolicy.rawValue)
    lines.add("allocator_frag", figures.allocatorFragmentation)
    lines.add("allocator_rss", figures.allocatorResident)
    lines.add("rss_overhead", figures.residentOverhead)
    lines.add("mem_fragmentation", figures.fragmentation)
    lines.add("mem_not_counted_for_evict", figures.overhead)
    let feed = replicaHooks.figures()
    lines.add("mem_replication_backlog", feed.backlogMemory)
    lines.add("mem_total_replication_buffers", feed.memory)
    lines.add("mem_clients_slaves", feed.replicaMemory)
    lines.add("mem_clients_normal", figures.clients)
    lines.add("mem_cluster_links", 0)
    lines.add("mem_aof_buffer", persistence.log.bufferCapacity)
    lines.add("mem_allocator", ProcessMemory.allocatorName)
    lines.add("active_defrag_running", false)
    // How many they are is not known before they are walked: 1 stands for some.
    lines.add("lazyfree_pending_objects", !keyspace.history.isReclaimed)
    lines.add("lazyfreed_objects", keyspace.history.reclaimedCount - statistics.reclaimedBefore)
    return lines.lines
  }

  private func addScripting(_ lines: inout InfoLines) {
    let scripting = scripting()
    let (scripts, functions) = (scripting.scriptInterpreterBytes, scripting.functionInterpreterBytes)
    // The old name of what used_memory_vm_eval tells.
    lines.add("used_memory_lua", scripts)
    lines.add("used_memory_vm_eval", scripts)
    lines.add("used_memory_lua_human", scripts.humanByteCount)
    lines.add("used_memory_scripts_eval", scripting.scriptBytes)
    lines.add("number_of_cached_scripts", scripting.scriptCount)
    lines.add("number_of_functions", scripting.functionCount)
    lines.add("number_of_libraries", scripting.libraryCount)
    lines.add("used_memory_vm_functions", functions)
    lines.add(bytes: "used_memory_vm_total", scripts + functions)
    lines.add("used_memory_functions", scripting.functionBytes)
    lines.add(bytes: "used_memory_scripts", scripting.scriptBytes + scripting.functionBytes)
  }
}

extension InfoLines {
  fileprivate mutating func add(_ field: String, _ gap: MemoryFigures.Gap) {
    add("\(field)_ratio", gap.ratio)
    add("\(field)_bytes", gap.bytes)
  }
}
