internal import RESP
internal import Values
internal import VersionedStore

// DEBUG: what has the server hold or answer something to look at.
extension DebugCommands {
  /// DEBUG POPULATE: many strings at once. What is there stays.
  static func populate(_ call: inout Call, _ engine: Engine) throws(CommandError) {
    let count = try call.integer(2, or: .notPositive)
    let size = call.count == 5 ? try call.integer(4, or: .notPositive) : 0
    guard count >= 0, (0...Int64(StringForm.lengthLimit)).contains(size) else { throw .notPositive }
    let prefix = call.count > 3 ? Array(call[3].prefix { $0 != 0 }) : Array("key".utf8)
    let edit = engine.edit(for: call.session)
    for number in 0..<count {
      let name = prefix + Array(":\(number)".utf8)
      var value = Array("value:\(number)".utf8)
      if size > 0 {
        value = Array(value.prefix(Int(size))) + [UInt8](repeating: 0, count: max(Int(size) - value.count, 0))
      }
      name.withBytes { name in
        let key = call.key(name)
        guard edit.find(key, quietly: true) == nil else { return }
        value.withBytes { edit.putString(key, $0, expiry: nil) }
      }
    }
    call.reply.ok()
  }

  /// DEBUG REPLYBUFFER: when the memory for replies to a client that is silent becomes less.
  static func setReplyBuffers(_ call: inout Call, _ engine: Engine) throws(CommandError) {
    if call.matches(2, "resizing") {
      engine.replyBufferSilence = (try? call.integer(3)) ?? 0 != 0 ? Engine.idleMilliseconds : nil
    } else if !call.matches(2, "peak-reset-time") {
      throw call.refuseSubcommandOrArity()
    } else if call.matches(3, "never") {
      engine.replyBufferSilence = nil
    } else if call.matches(3, "reset") {
      engine.replyBufferSilence = Engine.idleMilliseconds
    } else {
      engine.replyBufferSilence = try call.integer(3)
    }
    call.reply.ok()
  }

  /// DEBUG PROTOCOL: a value of each type that the protocol has, for those who write clients.
  static func showType(_ call: inout Call) throws(CommandError) {
    switch String(decoding: call[2], as: UTF8.self).lowercased() {
    case "string": call.reply.bulk("Hello World")
    case "integer": call.reply.integer(12345)
    case "double": call.reply.double(3.141)
    case "bignum":
      let digits = Array("1234567999999999999999999999999999999".utf8)
      unsafe call.reply.bigNumber(digits.span.bytes)
    case "null": call.reply.null()
    case "array":
      call.reply.arrayHeader(3)
      for number in 0..<3 { call.reply.integer(number) }
    case "set":
      call.reply.setHeader(3)
      for number in 0..<3 { call.reply.integer(number) }
    case "map":
      call.reply.mapHeader(3)
      for number in 0..<3 {
        call.reply.integer(number)
        call.reply.boolean(number == 1)
      }
    case "attrib":
      if call.reply.version == .resp3 {
        call.reply.attributeHeader(1)
        call.reply.bulk("key-popularity")
        call.reply.arrayHeader(2)
        call.reply.bulk("key:123")
        call.reply.integer(90)
      }
      call.reply.bulk("Some real reply following the attribute")
    case "push":
      guard call.reply.version == .resp3 else { throw call.refuse("ERR RESP2 is not supported by this command") }
      call.reply.pushHeader(2)
      call.reply.bulk("server-cpu-usage")
      call.reply.integer(42)
      call.reply.bulk("Some real reply following the push reply")
    case "true": call.reply.boolean(true)
    case "false": call.reply.boolean(false)
    case "verbatim": call.reply.verbatim("This is a verbatim\nstring")
    default:
      throw call.refuse(
        "ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false"
      )
    }
  }
}
