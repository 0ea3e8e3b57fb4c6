import RESP
import Snapshots
import TestSupport
import VersionedStore

@testable import Engine

/// A primary that goes wrong at some point of the protocol, another time at another; now and then it is a good one, with a
/// dataset of its own.
final class BadPrimary {
  /// Where it goes wrong.
  enum Fault: CaseIterable {
    case closesAtOnce, saysNothing, talksNonsense, refusesPing, refusesInformation, answersWithEndlessLine
    case refusesSync, isLoading, malformedSync, resumesWhatItDoesNotKnow
    case endsBeforeTransfer, refusesTransfer, malformedTransfer
    case truncates, fallsSilent, damages, announcesTooLittle, announcesTooMuch, isEmpty, breaksMark, otherHistory
    case nothing, streamsNonsense, streamsUnknownCommand, streamsFailingCommand, streamsHalfATransaction
  }

  private let world: World
  let port: Int
  private var ends: [SimulatedNetwork.End] = []
  private var count = 0

  init(_ world: World, port: Int) {
    self.world = world
    self.port = port
    world.network.listen(port) { [unowned self] in accept($0) }
  }

  private func accept(_ end: SimulatedNetwork.End) {
    var fault = world.pick(Fault.allCases)
    if world.chance(15) { fault = .nothing }
    world.note("the primary at \(port) will be one that \(fault)")
    count += 1
    var lines: [UInt8] = []
    end.received = { [unowned self, unowned end] bytes in
      lines += bytes
      // Requests are short and come one by one.
      while let request = Self.takeRequest(&lines) { answer(request, fault, end) }
    }
    if fault == .closesAtOnce { end.close() }
    if fault == .talksNonsense { end.send(world.random.bytes(count: 500)) }
    ends.append(end)
  }

  /// The words of the next request, if it is whole; lone line ends are passed over.
  private static func takeRequest(_ bytes: inout [UInt8]) -> [String]? {
    while bytes.first == 10 { bytes.removeFirst() }
    var position = 0
    func line() -> String? {
      guard let end = bytes[position...].firstIndex(of: 10) else { return nil }
      defer { position = end + 1 }
      return String(decoding: bytes[position..<max(position, end - 1)], as: UTF8.self)
    }
    guard let head = line(), let count = Int(head.dropFirst()) else { return nil }
    var words: [String] = []
    for _ in 0..<count {
      guard line() != nil, let word = line() else { return nil }
      words.append(word)
    }
    bytes.removeFirst(position)
    return words
  }

  private func answer(_ request: [String], _ fault: Fault, _ end: SimulatedNetwork.End) {
    func say(_ text: String) { end.send(Array((text + "\r\n").utf8)) }
    if fault == .saysNothing { return }
    switch request[0] {
    case "PING":
      switch fault {
      case .refusesPing: say("-ERR out of order")
      case .answersWithEndlessLine: end.send([UInt8](repeating: UInt8(ascii: "+"), count: 3000))
      default: say("+PONG")
      }
    case "INFO": say(fault == .refusesInformation ? "-NOAUTH Authentication required." : "$13\r\nrole:master\r\n\r\n")
    case "PSYNC": synchronize(fault, end, request)
    case "REPLCONF": if request.count < 2 || request[1] != "ACK" { say("+OK") }
    default: say("-ERR unknown command")
    }
  }

  private func synchronize(_ fault: Fault, _ end: SimulatedNetwork.End, _ request: [String]) {
    func say(_ text: String) { end.send(Array((text + "\r\n").utf8)) }
    let id = RunID.random()
    let offset = world.pick(0...100_000)
    switch fault {
    case .refusesSync: return say("-ERR unknown command 'PSYNC'")
    case .isLoading: return say("-LOADING Redis is loading the dataset in memory")
    case .malformedSync:
      return say(world.pick(["+FULLRESYNC", "+FULLRESYNC x y", "+FULLRESYNC \(id) -1", ":1", "+OK"]))
    case .resumesWhatItDoesNotKnow:
      say("+CONTINUE \(id)")
      return world.chance(50) ? end.send(world.random.bytes(count: 100)) : end.close()
    default: say("+FULLRESYNC \(id) \(offset)")
    }
    switch fault {
    case .endsBeforeTransfer: return end.close()
    case .refusesTransfer: return say("-ERR no memory for a snapshot")
    case .malformedTransfer: return say(world.pick(["$-1", "$EOF:short", "+OK", "$x"]))
    default: break
    }
    var snapshot = snapshot(isEmpty: fault == .isEmpty, id: fault == .otherHistory ? RunID.random() : id)
    let cut = world.pick(0...snapshot.count - 1)
    if fault == .damages { snapshot[cut] ^= UInt8(world.pick(1...255)) }
    let mark = String(repeating: "m", count: 40)
    let isMarked = fault == .breaksMark || world.chance(50)
    if isMarked {
      say("$EOF:\(mark)")
    } else {
      say("$\(snapshot.count + (fault == .announcesTooLittle ? -1 : fault == .announcesTooMuch ? 100 : 0))")
    }
    if fault == .truncates || fault == .fallsSilent {
      end.send(Array(snapshot.prefix(cut)))
      return fault == .truncates ? end.close() : ()
    }
    end.send(snapshot)
    if isMarked { end.send(fault == .breaksMark ? Array("\(mark.dropLast())x".utf8) : Array(mark.utf8)) }
    if fault != .isEmpty { stream(fault, end) }
  }

  private func stream(_ fault: Fault, _ end: SimulatedNetwork.End) {
    func send(_ commands: [[String]]) {
      var bytes: [UInt8] = []
      for command in commands { bytes.command(command.map { Array($0.utf8) }) }
      end.send(bytes)
    }
    let select = ["SELECT", "\(Landmarks.database)"]
    for _ in 0..<world.pick(0...3) {
      send([["PING"], select, ["SET", "stamp", "\(world.nextStamp())"], ["SELECT", "0"], ["INCR", "counter"]])
    }
    switch fault {
    case .streamsNonsense: end.send(world.random.bytes(count: 60))
    case .streamsUnknownCommand: send([["MULTI"], select, ["DEL", "stamp"], ["FROBNICATE", "stamp"], ["EXEC"]])
    case .streamsFailingCommand: send([["LPUSH", "counter", "1"]])
    case .streamsHalfATransaction:
      send([["MULTI"], select, ["DEL", "stamp", "stone:1"]])
      if world.chance(50) { end.close() }
    default: break
    }
  }

  /// A dataset of its own, in a file.
  private func snapshot(isEmpty: Bool, id: String) -> [UInt8] {
    let dataset = Dataset(databases: 16, lineage: Lineage.next())
    let history = History(live: dataset)
    var loader = DatasetLoader(
      DatasetLoader.Form(databaseCount: 16, countsUses: false), nowMilliseconds: world.wallMilliseconds)
    func put(_ key: String, _ value: String) {
      Array(key.utf8).withBytes { key in
        Array(value.utf8).withBytes {
          try? loader.string(key: key, value: $0, expiryMilliseconds: nil, access: .none)
        }
      }
    }
    if !isEmpty {
      try? loader.select(database: UInt64(Landmarks.database))
      for stone in Landmarks.stones { put(String(decoding: stone, as: UTF8.self), "bad-\(port)-\(count)") }
      put("stamp", "\(world.nextStamp())")
      try? loader.select(database: 0)
      put("counter", "0")
      for index in 0..<world.pick(0...30) { put("key \(index)", String(repeating: "v", count: world.pick(0...300))) }
    }
    try? loader.finish()
    history.replaceLive(with: loader.dataset)
    let pin = history.pinLive(atMilliseconds: world.wallMilliseconds)
    var content = SnapshotContent(root: pin.root)
    content.facts = [("redis-ver", "7.0.15"), ("repl-stream-db", "0"), ("repl-id", id)]
    var bytes: [UInt8] = []
    do throws(SnapshotWriteFailure) {
      try SnapshotWriter.write(content, SnapshotOptions(now: world.wallMilliseconds)) { bytes += Array($0) }
    } catch {
      world.fail("a snapshot cannot be written: \(error)")
    }
    return bytes
  }

  /// No more connections, and no more on those that are.
  func end() {
    world.network.endListening(port)
    for end in ends { end.close() }
    ends = []
  }
}
