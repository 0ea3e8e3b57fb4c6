import Glibc

// A load for measurements: `load port clients pipeline requests range word...` sends so many commands over so many
// connections, so many of them at a time, and prints how many were answered per second. In each `__rand_int__` of the words
// twelve digits of a random number below `range` stand instead.
//
// redis-benchmark does the same, but keeps statistics of every request and builds every element of a reply, which takes it
// as long as redis-server needs for a small command: with it the load was often the limit, and not the server. This one only
// finds where replies end. An error reply ends it.

func fail(_ text: String) -> Never {
  let line = Array("load: \(text)\n".utf8)
  _ = unsafe line.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
  exit(1)
}

let arguments = CommandLine.arguments
guard arguments.count > 6, let port = UInt16(arguments[1]), let clients = Int(arguments[2]), clients > 0,
  let pipeline = Int(arguments[3]), pipeline > 0, let requests = Int(arguments[4]), requests >= pipeline,
  let range = UInt64(arguments[5]), range > 0, range <= 1_000_000_000_000
else { fail("wanted: port clients pipeline requests range word...") }

signal(SIGPIPE, SIG_IGN)
var batch = Batch(words: Array(arguments[6...]), pipeline: pipeline, range: range)
var left = requests / pipeline
var connections = (0..<min(clients, left)).map { _ in Connection(port: port) }
var polled = connections.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }

var (began, ended) = (timespec(), timespec())
unsafe clock_gettime(CLOCK_MONOTONIC, &began)
for index in connections.indices {
  connections[index].send(&batch)
  left -= 1
}
var waiting = connections.count
while waiting > 0 {
  _ = unsafe poll(&polled, nfds_t(polled.count), -1)
  for index in polled.indices where polled[index].revents != 0 {
    guard connections[index].receive() else { continue }
    if left > 0 {
      connections[index].send(&batch)
      left -= 1
    } else {
      waiting -= 1
    }
  }
}
unsafe clock_gettime(CLOCK_MONOTONIC, &ended)
let seconds = Double(ended.tv_sec - began.tv_sec) + Double(ended.tv_nsec - began.tv_nsec) / 1e9
print(Double(requests / pipeline * pipeline) / seconds)
