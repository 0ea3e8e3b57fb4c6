import Dispatch
import Engine
import Glibc
import NIOCore
import Snapshots
import VersionedStore

/// Reads RDB files on a thread of their own.
enum SnapshotFile {
  private static let queue = DispatchQueue(label: "snapshots", qos: .utility)
  private static let chunkSize = 256 << 10
  /// While `key-load-delay` slows reading down.
  private static let slowChunkSize = 1 << 10

  /// Lets `loads` read files, and answer on the serving loop.
  static func attach(_ loads: SnapshotLoads, delay: KeyDelay, eventLoop: any EventLoop) {
    loads.dispose = Disposal.dispose
    loads.read = { path, form, memoryLimit, completion in
      let completion = NIOLoopBound(completion, eventLoop: eventLoop)
      queue.async {
        let result = Result { () throws(SnapshotLoads.Failure) in
          try load(path, form, memoryLimit: memoryLimit, delay: delay)
        }
        eventLoop.execute { completion.value(result) }
      }
    }
  }

  /// Reads the file that the server begins with, on a thread of its own, and calls back on the serving loop: with nil if
  /// there is none, and before that with the number of bytes read so far, again and again.
  static func loadAtStart(
    _ path: String, _ form: DatasetLoader.Form, delay: KeyDelay, eventLoop: any EventLoop,
    progress: @escaping (Int) -> Void,
    _ completion: @escaping (Result<DatasetLoader, SnapshotLoads.Failure>?) -> Void
  ) {
    guard unsafe access(path, F_OK) == 0 || errno != ENOENT else { return completion(nil) }
    let completion = NIOLoopBound(completion, eventLoop: eventLoop)
    let progress = NIOLoopBound(progress, eventLoop: eventLoop)
    queue.async {
      let result = Result { () throws(SnapshotLoads.Failure) in
        try load(path, form, memoryLimit: nil, delay: delay) { byteCount in
          eventLoop.execute { progress.value(byteCount) }
        }
      }
      eventLoop.execute { completion.value(result) }
    }
  }

  /// Length of a file; 0 if there is none.
  static func byteCount(of path: String) -> Int {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  /// The dataset that a file holds, if it holds a whole one. What a damaged file has given so far is given up.
  static func load(
    _ path: String, _ form: DatasetLoader.Form, memoryLimit: Int?, delay: KeyDelay? = nil,
    progress: ((Int) -> Void)? = nil
  ) throws(SnapshotLoads.Failure) -> DatasetLoader {
    var loader = DatasetLoader(form, nowMilliseconds: Transport.now() / 1000)
    loader.memoryLimit = memoryLimit
    var reader = SnapshotReader()
    // A pipe that nobody writes to is not to be waited for.
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw .unreadable(reason: Files.errorText(errno)) }
    defer { close(file) }
    var chunk = [UInt8](repeating: 0, count: chunkSize)
    while true {
      let isSlow = (delay?.microseconds ?? 0) != 0
      let keysBefore = reader.counts.keys
      let count = unsafe read(file, &chunk, isSlow ? slowChunkSize : chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .unreadable(reason: Files.errorText(errno)) }
      do throws(SnapshotError) {
        if count == 0 {
          try reader.finish()
          break
        }
        _ = try chunk.withBytes { bytes throws(SnapshotError) in try reader.receive(bytes[0..<count], into: &loader) }
      } catch {
        throw .snapshot(error)
      }
      progress?(reader.byteOffset)
      if isSlow { delay?.wait(keys: Int(reader.counts.keys - keysBefore)) }
    }
    guard reader.counts.areComplete else {
      throw .keyCount(
        read: reader.counts.keys - reader.counts.unannouncedKeys, announced: reader.counts.announcedKeys)
    }
    return loader
  }
}
