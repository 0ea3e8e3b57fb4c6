import Foundation
import VersionedStore

@testable import Server

/// A configuration file that goes away with this object.
final class TemporaryFile {
  let path = FileManager.default.temporaryDirectory.path + "/cambium-\(UUID().uuidString).conf"

  init(_ text: String) throws { try write(text) }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  var text: String {
    get throws { try String(contentsOfFile: path, encoding: .utf8) }
  }

  func write(_ text: String) throws { try text.write(toFile: path, atomically: false, encoding: .utf8) }
}

@discardableResult
func loaded(_ text: String) throws -> Configuration {
  let file = try TemporaryFile(text)
  let configuration = Configuration()
  try ConfigurationFile.load(file.path, into: configuration)
  return configuration
}

func get(_ configuration: Configuration, _ patterns: String...) -> [String: String] {
  let texts = patterns.map { Array($0.utf8) }
  return withBorrowed(texts) { patterns in
    Dictionary(
      uniqueKeysWithValues: configuration.get(patterns).map {
        (String(decoding: $0.name, as: UTF8.self), String(decoding: $0.value, as: UTF8.self))
      })
  }
}

func set(_ configuration: Configuration, _ words: [String], isLocal: Bool = false) throws {
  let result: Result<Void, ConfigurationError> = withBorrowed(words.map { Array($0.utf8) }) { words in
    let pairs = stride(from: 0, to: words.count, by: 2).map { (name: words[$0], value: words[$0 + 1]) }
    do throws(ConfigurationError) { return .success(try configuration.set(pairs, isLocal: isLocal)) } catch {
      return .failure(error)
    }
  }
  try result.get()
}

/// Borrows all of the arrays at once.
private func withBorrowed<R>(_ arrays: [[UInt8]], _ borrowed: [Bytes] = [], _ body: ([Bytes]) -> R) -> R {
  guard let first = arrays.first else { return body(borrowed) }
  return first.withBytes { bytes in withBorrowed(Array(arrays.dropFirst()), borrowed + [bytes], body) }
}

/// Runs a program that ends by itself, with nothing on its standard input.
func run(_ program: String, _ arguments: [String]) throws -> (code: Int32, output: String, error: String) {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: program)
  process.arguments = arguments
  let (output, error) = (Pipe(), Pipe())
  process.standardInput = FileHandle.nullDevice
  process.standardOutput = output
  process.standardError = error
  try process.run()
  let outputText = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  let errorText = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  return (process.terminationStatus, outputText, errorText)
}
