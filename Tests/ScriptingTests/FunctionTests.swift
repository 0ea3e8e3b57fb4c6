import Engine
import Testing
import VersionedStore

struct FunctionTests {
  let server = ScriptHarness()

  private func library(_ name: String, _ function: String, _ body: String) -> String {
    "#!lua name=\(name)\nredis.register_function('\(function)', function(keys, args) \(body) end)"
  }

  @Test func functionsAreCalledByNameInAnyCase() {
    #expect(server.text("function", "load", library("one", "f", "return {keys[1], args[1]}")) == "$3\r\none\r\n")
    #expect(server.text("fcall", "F", "1", "k", "a") == "*2\r\n$1\r\nk\r\n$1\r\na\r\n")
    #expect(server.text("fcall", "g", "0") == "-ERR Function not found\r\n")
    #expect(server.text("fcall", "f", "x") == "-ERR Bad number of keys provided\r\n")
    #expect(server.text("fcall", "f", "1") == "-ERR Number of keys can't be greater than number of args\r\n")
    #expect(
      server.text("fcall_ro", "f", "0") == "-ERR Can not execute a script with write flag using *_ro command.\r\n")
  }

  @Test func whatCannotBeLoadedChangesNothing() {
    #expect(server.text("function", "load", library("one", "f", "return 1")) == "$3\r\none\r\n")
    #expect(server.text("function", "load", library("one", "f", "return 2")) == "-ERR Library 'one' already exists\r\n")
    #expect(server.text("function", "load", library("two", "F", "return 2")) == "-ERR Function F already exists\r\n")
    #expect(
      server.text("function", "load", "replace", "#!lua name=one\nredis.register_function('f', 1)")
        == "-ERR Error registering functions: ERR second argument to redis.register_function must be a function\r\n")
    #expect(
      server.text("function", "load", "replace", "#!lua name=one\nnonsense").hasPrefix(
        "-ERR Error compiling function: "))
    #expect(
      server.text("function", "load", "replace", "#!lua name=one\nreturn 1") == "-ERR No functions registered\r\n")
    #expect(
      server.text("function", "load", "replace", "#!lua name=one\nx = 1").contains("Attempt to modify a readonly table")
    )
    #expect(server.text("function", "load", "#!lua\nreturn 1") == "-ERR Library name was not given\r\n")
    #expect(server.text("function", "load", "#!js name=x\nreturn 1") == "-ERR Engine 'js' not found\r\n")
    #expect(server.text("fcall", "f", "0") == ":1\r\n")
    #expect(server.text("function", "load", "replace", library("one", "f", "return 2")) == "$3\r\none\r\n")
    #expect(server.text("fcall", "f", "0") == ":2\r\n")
  }

  @Test func librariesSeeOnlyWhatTheyNeedWhileTheyAreLoaded() {
    for name in ["math", "string", "getmetatable", "pairs"] {
      #expect(
        server.text("function", "load", "#!lua name=one\nlocal x = \(name)")
          .contains("attempted to access nonexistent global variable '\(name)'"))
    }
    #expect(
      server.text("function", "load", "#!lua name=one\nredis.call('ping')")
        .contains("attempted to access nonexistent global variable 'call'"))
    // The functions themselves see everything, and no way to register others.
    #expect(
      server.text("function", "load", library("one", "f", "redis.register_function('g', function() end)"))
        == "$3\r\none\r\n")
    #expect(server.text("fcall", "f", "0").contains("attempt to call field 'register_function' (a nil value)"))
  }

  @Test func librariesBelongToTheDataset() {
    #expect(server.text("function", "load", library("one", "f", "return 'old'")) == "$3\r\none\r\n")
    #expect(server.text("version", "create", "before") == ":1\r\n")
    #expect(server.text("function", "load", "replace", library("one", "f", "return 'new'")) == "$3\r\none\r\n")
    #expect(server.text("function", "load", library("two", "g", "return 'g'")) == "$3\r\ntwo\r\n")
    #expect(server.text("fcall", "f", "0") == "$3\r\nnew\r\n")
    #expect(server.text("flushall") == "+OK\r\n")
    #expect(server.text("fcall", "g", "0") == "$1\r\ng\r\n")
    #expect(server.text("version", "rollback", "before").hasPrefix(":"))
    #expect(server.text("fcall", "f", "0") == "$3\r\nold\r\n")
    #expect(server.text("fcall", "g", "0") == "-ERR Function not found\r\n")
  }

  @Test func aFlushCanBeTakenBack() {
    #expect(server.text("function", "load", library("one", "f", "return 1")) == "$3\r\none\r\n")
    #expect(server.text("function", "flush") == "+OK\r\n")
    #expect(server.text("function", "list") == "*0\r\n")
    let guardVersion = server.engine.keyspace.history.versions.first { $0.reason == "function-flush" }
    #expect(guardVersion != nil)
    let number = "\(guardVersion?.id ?? 0)"
    #expect(server.text("version", "rollback", number).hasPrefix(":"))
    #expect(server.text("fcall", "f", "0") == ":1\r\n")
  }

  @Test func dumpsAreRestored() {
    #expect(server.text("function", "load", library("one", "f", "return 1")) == "$3\r\none\r\n")
    let reply = server.raw([Array("function".utf8), Array("dump".utf8)])
    let payload = Array(reply.drop { $0 != 10 }.dropFirst().dropLast(2))
    #expect(server.text("function", "flush") == "+OK\r\n")
    func restore(_ payload: [UInt8], _ policy: String) -> String {
      let words = [Array("function".utf8), Array("restore".utf8), payload, Array(policy.utf8)]
      return String(decoding: server.raw(words), as: UTF8.self)
    }
    var damaged = payload
    damaged[5] ^= 1
    #expect(restore(damaged, "append") == "-ERR DUMP payload version or checksum are wrong\r\n")
    #expect(restore(payload, "append") == "+OK\r\n")
    #expect(restore(payload, "append") == "-ERR Library one already exists\r\n")
    #expect(restore(payload, "replace") == "+OK\r\n")
    #expect(restore(payload, "flush") == "+OK\r\n")
    #expect(restore(payload, "what").hasPrefix("-ERR Wrong restore policy given"))
    #expect(server.text("fcall", "f", "0") == ":1\r\n")
  }
}

extension FunctionTests {
  /// As a file may hold it, or a primary send it.
  @Test func aLibraryOfTheDatasetThatDoesNotEndIsLeftOut() {
    let good = "#!lua name=good\nredis.register_function('f', function() return 1 end)"
    server.engine.keyspace.live.attachments = [Array("#!lua name=bad\nwhile true do end".utf8), Array(good.utf8)]
    #expect(server.text("fcall", "f", "0") == ":1\r\n")
    #expect(server.engine.keyspace.live.attachments.count == 2)
  }
}
