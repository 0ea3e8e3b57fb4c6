/// Packed values as old and new servers wrote them, put together byte by byte.
enum PackedBlob {
  /// An element of a ziplist or a listpack: text in the form of a string, or an integer of a width in bytes.
  enum Element {
    case text(String)
    case integer(Int64, width: Int)
    /// What is in the lead byte itself: 0 to 12 in a ziplist, 0 to 127 in a listpack.
    case small(UInt8)
  }

  static func littleEndian(_ number: Int64, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: number >> Int64(8 * $0)) }
  }

  // MARK: Ziplist

  static func ziplist(_ elements: [Element], widePrevious: Bool = false) -> [UInt8] {
    var (body, former, tail) = ([UInt8](), 0, 10)
    for element in elements {
      tail = 10 + body.count
      let isWide = widePrevious || former >= 254
      var entry = isWide ? [0xfe] + littleEndian(Int64(former), 4) : [UInt8(former)]
      entry += ziplistContent(element)
      former = entry.count
      body += entry
    }
    let count = min(elements.count, 0xffff)
    return littleEndian(Int64(body.count + 11), 4) + littleEndian(Int64(tail), 4) + littleEndian(Int64(count), 2) + body
      + [0xff]
  }

  static func ziplist(_ texts: [String]) -> [UInt8] { ziplist(texts.map { .text($0) }) }

  private static func ziplistContent(_ element: Element) -> [UInt8] {
    switch element {
    case .small(let value): return [0xf1 + value]
    case .integer(let value, 1): return [0xfe] + littleEndian(value, 1)
    case .integer(let value, 2): return [0xc0] + littleEndian(value, 2)
    case .integer(let value, 3): return [0xf0] + littleEndian(value, 3)
    case .integer(let value, 4): return [0xd0] + littleEndian(value, 4)
    case .integer(let value, _): return [0xe0] + littleEndian(value, 8)
    case .text(let text):
      let bytes = Array(text.utf8)
      switch bytes.count {
      case 0..<64: return [UInt8(bytes.count)] + bytes
      case 64..<16384: return [0x40 | UInt8(bytes.count >> 8), UInt8(truncatingIfNeeded: bytes.count)] + bytes
      default: return [0x80] + littleEndian(Int64(bytes.count), 4).reversed() + bytes
      }
    }
  }

  // MARK: Listpack

  static func listpack(_ elements: [Element]) -> [UInt8] {
    let body = elements.flatMap { listpackElement($0) }
    let count = min(elements.count, 0xffff)
    return littleEndian(Int64(body.count + 7), 4) + littleEndian(Int64(count), 2) + body + [0xff]
  }

  static func listpack(_ texts: [String]) -> [UInt8] { listpack(texts.map { .text($0) }) }

  static func listpackElement(_ element: Element) -> [UInt8] {
    var bytes: [UInt8]
    switch element {
    case .small(let value): bytes = [value]
    case .integer(let value, 1):
      bytes = [0xc0 | UInt8(truncatingIfNeeded: value >> 8) & 0x1f, UInt8(truncatingIfNeeded: value)]
    case .integer(let value, let width): bytes = [width == 8 ? 0xf4 : 0xef + UInt8(width)] + littleEndian(value, width)
    case .text(let text):
      let content = Array(text.utf8)
      switch content.count {
      case 0..<64: bytes = [0x80 | UInt8(content.count)]
      case 64..<4096: bytes = [0xe0 | UInt8(content.count >> 8), UInt8(truncatingIfNeeded: content.count)]
      default: bytes = [0xf0] + littleEndian(Int64(content.count), 4)
      }
      bytes += content
    }
    return bytes + backlength(bytes.count)
  }

  /// As Redis writes it: the greatest length of two bytes and more takes one more byte than it needs.
  private static func backlength(_ count: Int) -> [UInt8] {
    let size = count <= 127 ? 1 : count < 16383 ? 2 : count < 2_097_151 ? 3 : 4
    return (0..<size).reversed().map { index in
      UInt8(truncatingIfNeeded: count >> (7 * index)) & 0x7f | (index == size - 1 ? 0 : 0x80)
    }
  }

  // MARK: Others

  static func integerSet(_ integers: [Int64], width: Int) -> [UInt8] {
    littleEndian(Int64(width), 4) + littleEndian(Int64(integers.count), 4)
      + integers.flatMap { littleEndian($0, width) }
  }

  /// Fields with values, and how many bytes are free behind each value.
  static func zipmap(_ pairs: [(String, String, free: Int)]) -> [UInt8] {
    func length(_ count: Int) -> [UInt8] { count < 254 ? [UInt8(count)] : [254] + littleEndian(Int64(count), 4) }
    var bytes = [UInt8(min(pairs.count, 254))]
    for (field, value, free) in pairs {
      bytes += length(field.utf8.count) + field.utf8 + length(value.utf8.count) + [UInt8(free)] + value.utf8
      bytes += [UInt8](repeating: 7, count: free)
    }
    return bytes + [255]
  }
}

/// Fields of an RDB file.
enum RDB {
  static func length(_ count: Int) -> [UInt8] {
    if count < 64 { return [UInt8(count)] }
    if count < 16384 { return [0x40 | UInt8(count >> 8), UInt8(truncatingIfNeeded: count)] }
    return [0x80] + PackedBlob.littleEndian(Int64(count), 4).reversed()
  }

  static func length64(_ number: UInt64) -> [UInt8] {
    [0x81] + PackedBlob.littleEndian(Int64(bitPattern: number), 8).reversed()
  }

  static func string(_ bytes: [UInt8]) -> [UInt8] { length(bytes.count) + bytes }
  static func string(_ text: String) -> [UInt8] { string(Array(text.utf8)) }

  /// A string in the compressed form, of literals alone.
  static func compressed(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 32) {
      let run = bytes[start..<min(start + 32, bytes.count)]
      text += [UInt8(run.count - 1)] + run
    }
    return [0xc3] + length(text.count) + length(bytes.count) + text
  }

  static func milliseconds(_ time: Int64) -> [UInt8] { PackedBlob.littleEndian(time, 8) }

  static func score(_ score: Double) -> [UInt8] { PackedBlob.littleEndian(Int64(bitPattern: score.bitPattern), 8) }

  static func streamID(_ milliseconds: UInt64, _ sequence: UInt64) -> [UInt8] {
    [milliseconds, sequence].flatMap { PackedBlob.littleEndian(Int64(bitPattern: $0), 8).reversed() }
  }
}
