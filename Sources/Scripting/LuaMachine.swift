internal import CLua
internal import VersionedStore

/// One interpreter, as the C side has it: scripts are compiled and run in it. See `cambium_lua.h`.
@safe
final class LuaMachine {
  private let pointer: OpaquePointer
  /// The host, whose callbacks name `context`, has to outlive the machine.
  init(_ host: cambium_lua_host, isForFunctions: Bool, memoryLimit: Int) {
    guard let pointer = unsafe cambium_lua_open(host, isForFunctions ? 1 : 0, memoryLimit) else {
      fatalError("out of memory: no room for the interpreter of scripts")
    }
    unsafe self.pointer = pointer
  }

  deinit { unsafe cambium_lua_close(pointer) }

  /// Bytes that it has taken.
  var byteCount: Int { unsafe cambium_lua_memory(pointer) }

  /// Why code was not taken.
  struct Failure: Error {
    let text: [UInt8]
  }

  /// A reference to the compiled script, good until it is released.
  func compile(_ code: Bytes) throws(Failure) -> Int32 {
    var error = unsafe cambium_bytes()
    let reference = unsafe cambium_lua_compile(pointer, cambium_bytes(code), &error)
    guard reference != 0 else { throw Failure(text: Array(unsafe Bytes(error))) }
    return reference
  }

  /// Runs the code of a library, which registers its functions.
  func load(_ code: Bytes) throws(Failure) {
    var error = unsafe cambium_bytes()
    guard unsafe cambium_lua_load(pointer, cambium_bytes(code), &error) != 0 else {
      throw Failure(text: Array(unsafe Bytes(error)))
    }
  }

  func release(_ reference: Int32) { unsafe cambium_lua_release(pointer, reference) }

  func execute(_ run: inout cambium_lua_run) { unsafe cambium_lua_execute(pointer, &run) }
}

extension cambium_bytes {
  @inline(__always)
  init(_ bytes: Bytes) {
    unsafe self = unsafe bytes.withUnsafeBytes { unsafe cambium_bytes(base: $0.baseAddress, count: $0.count) }
  }
}

extension Bytes {
  @inline(__always)
  init(_ bytes: cambium_bytes) {
    self = unsafe Bytes(UnsafeRawBufferPointer(start: bytes.base, count: bytes.count))
  }
}
