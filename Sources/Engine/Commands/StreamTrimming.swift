internal import RESP
internal import Values
internal import VersionedStore

/// What XADD and XTRIM say about trimming.
struct StreamTrimming {
  private enum Limit {
    case length(Int64)
    case least(StreamID)
  }

  private var limit: Limit?
  private var isApproximate = false
  /// The argument that is the limit.
  private var limitIndex = 0
  /// Entries that may go at most; 0 for any number.
  private var most = 0
  /// XADD: the stream is not made.
  private(set) var needsStream = false
  /// XADD: the id, which ends the options. A wrong one is found before what the options lack.
  private(set) var id = StreamCommands.WantedID.automatic
  /// Where the options end.
  private(set) var end = 2

  init(_ call: inout Call, adds: Bool, _ limits: EncodingLimits) throws(CommandError) {
    var given: Int64?
    scan: while end < call.count {
      let left = call.count - 1 - end
      if adds, call[end] == Bytes("*") { break }
      if call.matches(end, "maxlen"), left > 0 {
        try readStrategy(&call, left) { call, index throws(CommandError) in
          let length = try call.integer(index)
          guard length >= 0 else { throw call.refuse("ERR The MAXLEN argument must be >= 0.") }
          return .length(length)
        }
      } else if call.matches(end, "minid"), left > 0 {
        try readStrategy(&call, left) { call, index throws(CommandError) in .least(try call.streamID(index)) }
      } else if call.matches(end, "limit"), left > 0 {
        let number = try call.integer(end + 1)
        guard number >= 0 else { throw call.refuse("ERR The LIMIT argument must be >= 0.") }
        given = number
        end += 1
      } else if adds, call.matches(end, "nomkstream") {
        needsStream = true
      } else if adds {
        id = try StreamCommands.WantedID(call, end)
        break scan
      } else {
        throw .syntax
      }
      end += 1
    }
    if limit == nil, given ?? 0 > 0 {
      throw call.refuse("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy")
    }
    if limit == nil, !adds {
      throw call.refuse("ERR syntax error, XTRIM must be called with a trimming strategy")
    }
    if let given {
      // What is exact because it was told so has kept the limit that a client gave.
      guard isApproximate || call.session.isPrimary else {
        throw call.refuse("ERR syntax error, LIMIT cannot be used without the special ~ option")
      }
      most = Int(given)
    } else if isApproximate {
      let nodes = limits.streamNodeEntries > 1_000_000 ? 1_000_000 : limits.streamNodeEntries
      most = nodes > 0 ? min(100 * nodes, 1_000_000) : 10_000
    }
    if call.session.isPrimary { most = 0 }
  }

  private mutating func readStrategy(
    _ call: inout Call, _ left: Int, _ read: (inout Call, Int) throws(CommandError) -> Limit
  ) throws(CommandError) {
    guard limit == nil else {
      throw call.refuse("ERR syntax error, MAXLEN and MINID options at the same time are not compatible")
    }
    isApproximate = false
    if left >= 2, call[end + 1] == Bytes("~") {
      isApproximate = true
      end += 1
    } else if left >= 2, call[end + 1] == Bytes("=") {
      end += 1
    }
    limit = try read(&call, end + 1)
    limitIndex = end + 1
    end += 1
  }

  /// Writes the arguments up to the end of the options. How much goes where only whole nodes do depends on where these
  /// begin, so that the limit is told to be what is left.
  func tell(_ arguments: CommandArguments, _ stream: StreamReader, to writer: inout ReplyWriter) {
    for index in 0..<end {
      if isApproximate, index == limitIndex - 1 {
        writer.bulk("=")
      } else if isApproximate, index == limitIndex {
        if case .least = limit { writer.streamID(stream.firstStoredID ?? .greatest) } else { writer.bulk(stream.count) }
      } else {
        writer.bulk(arguments[index])
      }
    }
  }

  /// Whether what it does elsewhere may not be what it does here.
  var isInexact: Bool { isApproximate }

  /// Trims a stream. Returns how many entries went.
  func apply(to stream: StreamEditor) -> Int {
    switch limit {
    case .length(let length): stream.trim(.length(Int(length)), isApproximate: isApproximate, most: most)
    case .least(let id): stream.trim(.least(id), isApproximate: isApproximate, most: most)
    case nil: 0
    }
  }
}
