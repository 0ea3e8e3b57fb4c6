import Glibc

/// A thread that does one piece of work, may wait in it for as long as it likes, and ends.
///
/// Event loops are no good for that: each takes three file descriptors and ends the process where there are none left, which
/// is just when many clients are connected. A plain thread takes none, and one that the system refuses is a failure that can
/// be told.
enum WorkerThread {
  private final class Work {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Has `body` run on a thread of its own. Answers with the system's words if there cannot be one.
  static func start(_ body: @escaping @Sendable () -> Void) -> String? {
    let work = unsafe Unmanaged.passRetained(Work(body))
    var thread = pthread_t()
    let result = unsafe pthread_create(
      &thread, nil,
      { argument in
        if let argument = unsafe argument { unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, work.toOpaque())
    guard result == 0 else {
      unsafe work.release()
      return Files.errorText(result)
    }
    pthread_detach(thread)
    return nil
  }
}
