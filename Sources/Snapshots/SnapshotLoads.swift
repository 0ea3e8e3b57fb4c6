public import Engine
internal import RESP
public import VersionedStore

/// VERSION LOAD: a dataset from an RDB file, built beside the live one as a full sync builds it.
///
/// The file is read elsewhere; here it is asked for, and what came of it becomes a version, or the live dataset. A file
/// that is damaged changes nothing.
///
/// Confined to the serving thread: Sendable only because handlers of commands are, which run there too.
public final class SnapshotLoads: @unchecked Sendable {
  /// Why a file gave no dataset.
  public enum Failure: Error, Sendable {
    /// In the system's words.
    case unreadable(reason: String)
    case snapshot(SnapshotError)
    case keyCount(read: UInt64, announced: UInt64)
  }

  /// Reads the file at a path into a new dataset, on another thread, and calls back on the serving one.
  public typealias Read = (
    _ path: String, _ form: DatasetLoader.Form, _ memoryLimit: Int?,
    _ completion: @escaping (Result<DatasetLoader, Failure>) -> Void
  ) -> Void

  private struct Request {
    let file: String
    let goesLive: Bool
    let session: Int
  }

  /// Set by what runs the server, as is `dispose`.
  public var read: Read = { _, _, _, _ in preconditionFailure("nobody reads files") }
  /// Takes a dataset that is not wanted any more.
  public var dispose: (Dataset) -> Void = { _ in }
  private var isLoading = false

  public init() {}

  /// The subcommand, for the container VERSION.
  public var command: Command {
    Command(
      "load", arity: .atLeast(3), flags: [.admin, .noScript, .noMulti, .mayWait], categories: [.dangerous],
      group: .version, since: "1.0.0",
      complexity: "O(N) with N keys in the file; clients do not wait for it.",
      "Builds a dataset from an RDB file beside the live one; with COMMIT it goes live.",
      .control { [self] call, engine throws(CommandError) in
        let goesLive = call.count == 4 && call.matches(3, "commit")
        guard call.count == 3 || goesLive else { throw .syntax }
        let request = Request(
          file: String(decoding: call[2], as: UTF8.self), goesLive: goesLive, session: call.session.id)
        if call.session.id == 0 { throw call.refuse("ERR VERSION LOAD is not allowed from script") }
        if let refusal = refusal(request, engine) { throw call.refuse(refusal) }
        isLoading = true
        call.session.isWaiting = true
        let settings = engine.settings
        let memoryLimit = settings.maxmemory > 0 ? max(settings.maxmemory - engine.usedMemory, 0) : nil
        read(request.file, DatasetLoader.Form(engine.keyspace), memoryLimit) {
          [self, unowned engine] in finish(request, $0, engine)
        }
      })
  }

  /// For VERSION HELP.
  public static let helpLines: [StaticString] = [
    "LOAD <file> [COMMIT]",
    "    Read an RDB file into a version of its own and return its id. With COMMIT the file's dataset goes live, and the",
    "    id is that of the version that the state before has become. Relative paths begin at `dir`.",
  ]

  private func refusal(_ request: Request, _ engine: Engine) -> String? {
    if isLoading { return "ERR a file is being loaded already" }
    // What is there so far is not the dataset yet, or not the one that will be.
    if request.goesLive, engine.persistence.isLoading { return "\(PersistenceState.loading)" }
    if request.goesLive, engine.isReplica, engine.settings.replicaReadOnly {
      return "READONLY You can't write against a read only replica."
    }
    return nil
  }

  private func finish(_ request: Request, _ result: Result<DatasetLoader, Failure>, _ engine: Engine) {
    isLoading = false
    switch result {
    case .failure(let failure):
      engine.log(.warning, "VERSION LOAD of '\(request.file)' failed: \(failure)")
      engine.answer(request.session) { $0.error("ERR can't load '\(request.file)': \(failure)") }
    case .success(let loader):
      let dataset = loader.dataset
      // A client that has gone takes its wish with it.
      guard engine.sessions[request.session]?.isWaiting == true else { return dispose(dataset) }
      // The role may have changed meanwhile.
      if let refusal = refusal(request, engine) {
        dispose(dataset)
        return engine.answer(request.session) { $0.error(refusal) }
      }
      guard let version = take(loader, request, engine) else {
        dispose(dataset)
        return engine.answer(request.session) {
          $0.error("ERR there are \(History.limit) versions already, DROP some of them first")
        }
      }
      engine.answer(request.session) { $0.integer(version.id) }
    }
  }

  /// Puts the dataset in its place; nil if there are too many versions to keep another.
  private func take(_ loader: DatasetLoader, _ request: Request, _ engine: Engine) -> Version? {
    let (keyspace, dataset) = (engine.keyspace, loader.dataset)
    let keyCount = (0..<dataset.databaseCount).reduce(0) { $0 + dataset.keyCount($1) }
    guard request.goesLive else {
      guard let version = try? keyspace.history.adopt(dataset, reason: Self.reason, atMilliseconds: keyspace.now) else {
        return nil
      }
      engine.tell(loader.outcome, libraries: dataset.attachments.count)
      engine.log(.notice, "Version \(version.id) was loaded from '\(request.file)': \(keyCount) keys")
      return version
    }
    let former = keyspace.history.commit(dataset, reason: Self.reason, atMilliseconds: keyspace.now)
    keyspace.liveDatasetChanged()
    keyspace.changesSinceSave += 1
    engine.datasetWasReplaced()
    engine.noteWriter(request.session)
    engine.note(loader.outcome, libraries: dataset.attachments.count)
    if engine.settings.versionHistory > 0 { keyspace.trimVersions() }
    engine.log(
      .notice,
      "The dataset of '\(request.file)', \(keyCount) keys, is live; the state before it is version \(former.id)")
    return former
  }

  private static let reason = "load"
}

extension SnapshotLoads.Failure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadable(let reason): reason
    case .snapshot(let error): "\(error)"
    case .keyCount(let read, let announced): "it holds \(read) keys where \(announced) were announced"
    }
  }
}
