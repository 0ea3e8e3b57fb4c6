import Glibc

/// The directory that the process works in, held open: what is written there lands there even if CONFIG SET dir has the
/// process go elsewhere meanwhile.
final class WorkingDirectory: Sendable {
  /// Nil if it could not be opened.
  let descriptor: Int32?
  /// Why not.
  let error: Int32

  init() {
    let opened = unsafe open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    (descriptor, error) = opened >= 0 ? (opened, 0) : (nil, errno)
  }

  deinit { if let descriptor { close(descriptor) } }
}
