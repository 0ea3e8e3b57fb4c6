internal import CLua
internal import Engine
internal import VersionedStore

/// The libraries of functions of the live dataset.
///
/// Their sources belong to the dataset: they are saved and replicated with it, and change when it is rolled back or
/// replaced. Here is what was made of them, brought up to date before it is used.
struct FunctionLibraries {
  fileprivate(set) var libraries: [FunctionLibrary] = []
  private(set) var index = FunctionIndex()
  /// The sources that `libraries` were made of, as the dataset has them.
  fileprivate var sources: [[UInt8]] = []
  fileprivate var machine: LuaMachine?

  var isEmpty: Bool { libraries.isEmpty }
  var functionCount: Int { libraries.reduce(0) { $0 + $1.functions.count } }
  /// Bytes that sources and names take.
  var byteCount: Int {
    libraries.reduce(0) { sum, library in
      sum + library.source.count + library.name.count + MemoryLayout<FunctionLibrary>.stride
        + library.functions.reduce(0) {
          $0 + $1.name.count + ($1.description?.count ?? 0) + MemoryLayout<FunctionLibrary.Function>.stride
        }
    }
  }

  fileprivate mutating func replace(with new: [FunctionLibrary], sources: [[UInt8]]) {
    libraries = new
    self.sources = sources
    index = FunctionIndex(new)
  }
}

/// A library while its code runs.
struct LoadingLibrary {
  var library: FunctionLibrary
  /// By the monotonic clock, in nanoseconds; nil for as long as it takes.
  let deadline: Int64?
}

extension Scripting {
  /// The interpreter of functions: made when it is first needed.
  var functionMachine: LuaMachine {
    if let machine = functions.machine { return machine }
    let machine = unsafe LuaMachine(host, isForFunctions: true, memoryLimit: memoryLimit)
    functions.machine = machine
    return machine
  }

  /// Bytes of that interpreter.
  var functionMachineBytes: Int { functions.machine?.byteCount ?? 0 }

  /// Makes the libraries those of the live dataset. Nothing is done while a script runs: none can change them.
  func updateLibraries() {
    let sources = engine.keyspace.live.attachments
    guard sources != functions.sources, engine.script == nil else { return }
    var kept: [FunctionLibrary] = []
    for source in sources {
      if let known = functions.libraries.first(where: { $0.source == source }) {
        kept.append(known)
        continue
      }
      do throws(FunctionLibrary.Failure) {
        try kept.append(load(source, deadline: engine.monotonicNow + Self.loadAgainMilliseconds * 1_000_000))
      } catch {
        let text = String(decoding: error.text, as: UTF8.self)
        engine.log(.warning, "A library of functions in the dataset cannot be used, but is kept: \(text)")
      }
    }
    let gone = functions.libraries.filter { library in !kept.contains { $0.source == library.source } }
    functions.replace(with: kept, sources: sources)
    release(gone)
  }

  /// Milliseconds that the code of a library may run for when it is loaded.
  private static let loadMilliseconds: Int64 = 500

  /// The same for one that has come with a dataset. It was let in once, perhaps on a faster machine; still, a file may hold
  /// anything, and nothing else is done meanwhile.
  private static let loadAgainMilliseconds: Int64 = 5000

  /// Runs the code of a library, which registers its functions. Nothing else has changed if it fails.
  private func load(_ source: [UInt8], deadline: Int64?) throws(FunctionLibrary.Failure) -> FunctionLibrary {
    let heading = try source.withBytes { bytes throws(FunctionLibrary.Failure) in try LibraryHeading(of: bytes) }
    loading = LoadingLibrary(library: FunctionLibrary(name: heading.name, source: source), deadline: deadline)
    var failure: FunctionLibrary.Failure?
    do throws(LuaMachine.Failure) {
      let machine = functionMachine
      try source.withBytes { bytes throws(LuaMachine.Failure) in
        try machine.load(bytes[heading.byteCount..<bytes.count])
      }
    } catch {
      failure = FunctionLibrary.Failure(error.text)
    }
    guard let library = loading?.library else { preconditionFailure("a library was loaded within another") }
    loading = nil
    if failure == nil, library.functions.isEmpty { failure = FunctionLibrary.Failure("No functions registered") }
    if let failure {
      release([library])
      throw failure
    }
    return library
  }

  /// Takes a function of the library that is being loaded. Answers with why it does not.
  func register(
    name: Bytes, description: Bytes?, flags: ScriptFlags, reference: Int32
  ) -> StaticString? {
    guard FunctionLibrary.isName(name) else { return FunctionLibrary.nameRule }
    guard loading?.library.functions.contains(where: { $0.name.withBytes { $0 == name } }) == false else {
      return "Function already exists in the library"
    }
    loading?.library.functions.append(
      FunctionLibrary.Function(
        name: Array(name), description: description.map { Array($0) }, flags: flags, reference: reference,
        text: String(decoding: name, as: UTF8.self)))
    return nil
  }

  private func release(_ libraries: [FunctionLibrary]) {
    for function in libraries.lazy.flatMap(\.functions) { functions.machine?.release(function.reference) }
  }

  // MARK: Changes

  enum Restoring {
    /// Beside those that are there, unless there is one of the same name.
    case append
    /// In the place of those with the same names.
    case replace
    /// In the place of all.
    case flush
  }

  /// Loads libraries and stores them with the dataset: all of them, or, if one fails, none. Their code may run for as long
  /// as it likes unless it `isTimed`.
  func add(
    _ sources: [[UInt8]], _ restoring: Restoring, isTimed: Bool, isSingle: Bool
  ) throws(FunctionLibrary.Failure) {
    updateLibraries()
    var added: [FunctionLibrary] = []
    do throws(FunctionLibrary.Failure) {
      var remaining = restoring == .flush ? [] : functions.libraries
      for source in sources {
        let heading = try source.withBytes { bytes throws(FunctionLibrary.Failure) in try LibraryHeading(of: bytes) }
        let isTwice = added.contains { $0.name == heading.name }
        if isTwice || restoring == .append && remaining.contains(where: { $0.name == heading.name }) {
          throw isSingle || isTwice
            ? FunctionLibrary.Failure("Library '", heading.name, "' already exists")
            : FunctionLibrary.Failure("Library ", heading.name, " already exists")
        }
        remaining.removeAll { $0.name == heading.name }
        let deadline = !isTimed ? nil : engine.monotonicNow + Self.loadMilliseconds * 1_000_000
        try added.append(load(source, deadline: deadline))
      }
      try refuseCollisions(added, remaining)
      let all = remaining + added
      let gone = functions.libraries.filter { library in !remaining.contains { $0.name == library.name } }
      store(all)
      release(gone)
    } catch {
      release(added)
      throw error
    }
  }

  /// Adds the libraries of a file: all, or none and the reason.
  func addFromFile(_ sources: [[UInt8]], replacing: Bool) -> String? {
    guard !sources.isEmpty else { return nil }
    do throws(FunctionLibrary.Failure) {
      try add(sources, replacing ? .replace : .append, isTimed: false, isSingle: false)
    } catch {
      return String(decoding: error.text, as: UTF8.self)
    }
    return nil
  }

  /// No function may have the name of one in another library.
  private func refuseCollisions(
    _ added: [FunctionLibrary], _ remaining: [FunctionLibrary]
  ) throws(FunctionLibrary.Failure) {
    var index = FunctionIndex(remaining)
    for (number, library) in added.enumerated() {
      for function in library.functions where function.name.withBytes({ index.find($0) }) != nil {
        throw FunctionLibrary.Failure("Function ", function.name, " already exists")
      }
      index = FunctionIndex(remaining + added.prefix(number + 1))
    }
  }

  /// Deletes a library. False if there is none of this name.
  func deleteLibrary(_ name: Bytes) -> Bool {
    updateLibraries()
    guard let gone = functions.libraries.first(where: { $0.name.withBytes { $0 == name } }) else { return false }
    store(functions.libraries.filter { $0.name != gone.name })
    release([gone])
    return true
  }

  /// Deletes all libraries, and the interpreter with whatever they kept there. They stay in an automatic version.
  func flushLibraries() {
    let keyspace = engine.keyspace
    if !keyspace.live.attachments.isEmpty, keyspace.settings.versionHistory > 0 {
      _ = keyspace.history.createAutomatic(
        prefix: "before-function-flush", reason: "function-flush", atMilliseconds: keyspace.now)
      keyspace.trimVersions()
    }
    keyspace.live.attachments = []
    keyspace.changesSinceSave += 1
    functions = FunctionLibraries()
  }

  /// Makes these the libraries of the dataset. Those that could not be used stay there.
  private func store(_ libraries: [FunctionLibrary]) {
    let known = Set(functions.libraries.map(\.source))
    let unusable = functions.sources.filter { !known.contains($0) }
    let sources = unusable + libraries.map(\.source)
    engine.keyspace.live.attachments = sources
    engine.keyspace.changesSinceSave += 1
    functions.replace(with: libraries, sources: sources)
  }
}
