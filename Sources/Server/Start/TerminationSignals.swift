import Glibc

/// SIGTERM and SIGINT, one after the other, as they come.
///
/// The signals are blocked in every thread, and one thread waits for them. Dispatch's signal sources do not do here: a
/// signal that meets a thread which does not block it is swallowed, and the server goes on for ever.
struct TerminationSignals {
  let stream: AsyncStream<CInt>
  private let continuation: AsyncStream<CInt>.Continuation
  private var set = sigset_t()

  /// To be made before the process has other threads: they inherit what is blocked.
  init() {
    (stream, continuation) = AsyncStream.makeStream()
    unsafe sigemptyset(&set)
    for number in [SIGTERM, SIGINT] {
      // What a parent ignores is ignored here too, unless it is said otherwise, and never becomes pending.
      signal(number, SIG_DFL)
      unsafe sigaddset(&set, number)
    }
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// Hands on signals for the rest of the process's life.
  func waitForever() -> Never {
    var set = set
    while true {
      var number: CInt = 0
      if unsafe sigwait(&set, &number) == 0 { continuation.yield(number) }
    }
  }
}
