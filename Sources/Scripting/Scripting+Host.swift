internal import CLua
internal import Engine
internal import RESP
internal import VersionedStore

// What the interpreters ask of the server. Nothing here may raise, nor call an interpreter.
extension Scripting {
  /// For interpreters that this instance outlives.
  var host: cambium_lua_host {
    unsafe cambium_lua_host(
      context: Unmanaged.passUnretained(self).toOpaque(),
      call: { context, items, count in
        unsafe Scripting.with(context) { unsafe $0.call(items, count) }
      },
      may_run: { context, items, count in
        unsafe Scripting.with(context) { unsafe $0.mayRun(items, count) }
      },
      log: { context, level, text in
        unsafe Scripting.with(context) { $0.log(level, unsafe Bytes(text)) }
      },
      set_protocol: { context, version in
        unsafe Scripting.with(context) { $0.session.version = version == 3 ? .resp3 : .resp2 }
      },
      set_replication: { context, targets in
        unsafe Scripting.with(context) { scripting in
          var told: EffectTargets = []
          if targets & 1 != 0 { told.insert(.journal) }
          if targets & 2 != 0 { told.insert(.replicas) }
          scripting.engine.effects.scriptTargets = told
        }
      },
      sha1: { _, bytes, digits in
        for (index, digit) in ScriptDigest(of: unsafe Bytes(bytes)).digits.enumerated() {
          unsafe digits?[index] = CChar(digit)
        }
      },
      interrupt: { context in
        unsafe Scripting.with(context) { $0.interrupt() }
      },
      register_function: { context, name, description, flags, reference in
        unsafe Scripting.with(context) { scripting in
          let refusal = scripting.register(
            name: unsafe Bytes(name), description: unsafe description.base == nil ? nil : Bytes(description),
            flags: ScriptFlags(rawValue: flags), reference: reference)
          return unsafe refusal.map { unsafe UnsafeRawPointer($0.utf8Start).assumingMemoryBound(to: CChar.self) }
        }
      })
  }

  @inline(__always)
  private static func with<R>(_ context: UnsafeMutableRawPointer?, _ body: (Scripting) -> R) -> R {
    unsafe Unmanaged<Scripting>.fromOpaque(context.unsafelyUnwrapped)._withUnsafeGuaranteedRef(body)
  }

  private func take(_ items: UnsafePointer<cambium_bytes>?, _ count: Int) {
    arguments.truncate(to: 0)
    for index in 0..<count { arguments.append(unsafe Bytes(items.unsafelyUnwrapped[index])) }
  }

  private func call(_ items: UnsafePointer<cambium_bytes>?, _ count: Int) -> cambium_bytes {
    unsafe take(items, count)
    session.output.consume(session.output.count, keep: Self.outputKept)
    engine.callFromScript(arguments, count: count, in: session)
    return unsafe cambium_bytes(session.output.bytes)
  }

  /// Bytes of the last reply that stay allocated for the next.
  static let outputKept = 64 << 10

  private func mayRun(_ items: UnsafePointer<cambium_bytes>?, _ count: Int) -> CInt {
    unsafe take(items, count)
    return engine.mayCallFromScript(arguments, count: count, in: session).map { $0 ? 1 : 0 } ?? -1
  }

  private func log(_ level: CInt, _ text: Bytes) {
    let levels: [LogLevel] = [.debug, .verbose, .notice, .warning]
    engine.log(levels[Int(level)], String(decoding: text, as: UTF8.self))
  }

  private func interrupt() -> CInt {
    if let loading {
      let isLate = loading.deadline.map { engine.monotonicNow > $0 } ?? false
      return CInt(isLate ? CAMBIUM_LUA_LOAD_TIMEOUT : CAMBIUM_LUA_CONTINUE)
    }
    return CInt(engine.interruptScript() ? CAMBIUM_LUA_KILLED : CAMBIUM_LUA_CONTINUE)
  }
}
