public import Glibc
import Synchronization

/// A program started by a test.
///
/// Not Foundation's `Process`: a child inherits the signal mask of the thread that starts it, and the threads that
/// tests run on block SIGTERM, so that the server could not be asked to stop.
public final class ChildProcess {
  public enum Ending: Equatable {
    case exited(code: Int32)
    case signaled(Int32)
  }

  public let identifier: pid_t
  private var ending: Ending?

  /// Starts `arguments[0]`, with nothing on stdin, and appends what it writes to `outputPath`.
  public init(arguments: [String], outputPath: String) throws(ClientError) {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, outputPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    unsafe posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)

    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    let words = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer { unsafe words.forEach { unsafe free($0) } }
    var identifier: pid_t = 0
    let code = unsafe posix_spawn(&identifier, arguments[0], &actions, &attributes, words, environ)
    guard code == 0 else { throw .system("posix_spawn \(arguments[0])", code: code) }
    self.identifier = identifier
    Self.living.withLock { _ = $0.insert(identifier) }
    _ = Self.killsAtExit
  }

  /// Whatever still runs when the tests are over, for instance because a test that timed out still holds it, ends too.
  private static let living = Mutex<Set<pid_t>>([])
  private static let killsAtExit: Bool = {
    atexit { ChildProcess.living.withLock { for identifier in $0 { kill(identifier, SIGKILL) } } }
    return true
  }()

  /// How the process has ended; nil while it runs.
  public func poll() -> Ending? {
    if ending == nil {
      var status: Int32 = 0
      if unsafe waitpid(identifier, &status, WNOHANG) == identifier {
        // The macros of <sys/wait.h>: the low seven bits are the signal, the next byte the exit code.
        let signal = status & 0x7F
        Self.living.withLock { _ = $0.remove(identifier) }
        ending = signal == 0 ? .exited(code: status >> 8 & 0xFF) : .signaled(signal)
      }
    }
    return ending
  }

  /// Sends a signal, if the process still runs: its number may belong to another one afterwards.
  public func signal(_ number: Int32) {
    if poll() == nil { kill(identifier, number) }
  }
}
