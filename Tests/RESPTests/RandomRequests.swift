import RESP
import TestSupport

func randomCommand(_ generator: inout SeededGenerator) -> [[UInt8]] {
  (0..<Int.random(in: 1...6, using: &generator)).map { _ in
    generator.bytes(count: Int.random(in: 0...(generator.oneIn(10) ? 300 : 12), using: &generator))
  }
}

func randomRequest(_ generator: inout SeededGenerator) -> [UInt8] {
  var stream: [UInt8] = []
  for _ in 0..<Int.random(in: 1...4, using: &generator) {
    if generator.oneIn(3) {
      let line = ["PING", "set \"a\\x41\" 'b'", "", "  get  k ", "*0"].randomElement(using: &generator) ?? ""
      stream += Array((line + (generator.oneIn(2) ? "\r\n" : "\n")).utf8)
    } else {
      stream.command(randomCommand(&generator))
    }
  }
  return stream
}

/// The bytes with some changed, left out, doubled or cut off, often for one that means something to the protocol.
func damaged(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
  let meaningful = Array("*$+-:_,#!=(%~>|\r\n0123456789\"'\\ \0".utf8)
  var bytes = bytes
  for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
    let place = Int.random(in: 0..<bytes.count, using: &generator)
    let byte = meaningful.randomElement(using: &generator) ?? 0
    switch Int.random(in: 0..<5, using: &generator) {
    case 0: bytes[place] = byte
    case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 2: bytes.remove(at: place)
    case 3: bytes.insert(byte, at: place)
    default: bytes.removeLast(bytes.count - place)
    }
  }
  return bytes
}
