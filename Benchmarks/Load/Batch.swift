/// The bytes of `pipeline` equal commands, with fresh random numbers for each time they are sent.
struct Batch {
  private(set) var bytes: [UInt8] = []
  let pipeline: Int
  private let range: UInt64
  /// Where random numbers stand, twelve digits each.
  private var places: [Int] = []
  private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

  private static let placeholder = Array("__rand_int__".utf8)

  init(words: [String], pipeline: Int, range: UInt64) {
    self.pipeline = pipeline
    self.range = range
    for _ in 0..<pipeline {
      bytes += Array("*\(words.count)\r\n".utf8)
      for word in words {
        bytes += Array("$\(word.utf8.count)\r\n\(word)\r\n".utf8)
      }
    }
    let length = Self.placeholder.count
    var at = 0
    while at + length <= bytes.count {
      if bytes[at..<at + length].elementsEqual(Self.placeholder) {
        places.append(at)
        at += length
      } else {
        at += 1
      }
    }
  }

  /// Puts new numbers in.
  mutating func renew() {
    for place in places {
      // xorshift64: any numbers will do.
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      var rest = state % range
      for digit in (place..<place + 12).reversed() {
        bytes[digit] = UInt8(rest % 10) + 48
        rest /= 10
      }
    }
  }
}
