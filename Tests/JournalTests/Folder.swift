// A folder with a journal in it, opened and closed as often as a test wants.

import Foundation
import Journal
import Link
import Octets
import Testing

let board = Digest([UInt8](repeating: 9, count: 32).span)!

func origin(_ byte: UInt8) -> Origin { Origin([UInt8](repeating: byte, count: 16).span)! }

func reference(_ text: String) -> Reference { Reference(Array(text.utf8).span)! }

/// Record `number` of any test.
func record(_ number: Int) -> [UInt8] {
  (0..<(200 + number % 300)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) }
}

final class Folder {
  let url = FileManager.default.temporaryDirectory.appending(
    path: "tillgate-journal-\(UUID().uuidString)")
  var file: URL { url.appending(path: "log.db") }

  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// Opens the journal; what is thrown is a JournalError.
  func open(
    beginning origin: Origin? = nil, board: Digest = board
  ) throws(JournalError) -> Journal {
    let path = strdup(file.path)!
    defer { free(path) }
    return try path.withMemoryRebound(to: UInt8.self, capacity: 1) { (path) throws(JournalError) in
      try Journal(
        JournalFile(path: path, board: board), beginning: origin, unixMilliseconds: 5)
    }
  }

  /// Why the journal does not open; nil when it does.
  func refusal(beginning origin: Origin? = nil, board: Digest = board) -> JournalError? {
    do throws(JournalError) {
      _ = try open(beginning: origin, board: board)
      return nil
    } catch { return error }
  }

  /// A journal with `count` records, closed again.
  func fill(_ count: Int) throws {
    var journal = try open(beginning: origin(1))
    try journal.append(0..<count)
    try journal.commit()
  }

  /// Runs SQL in the closed journal with Debian's own shell.
  @discardableResult
  func sql(_ text: String) throws -> String {
    let shell = Process()
    let output = Pipe()
    shell.executableURL = URL(filePath: "/usr/bin/sqlite3")
    shell.arguments = [file.path, text]
    shell.standardOutput = output
    try shell.run()
    shell.waitUntilExit()
    try #require(shell.terminationStatus == 0)
    return String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
  }
}

extension Journal {
  mutating func append(_ numbers: Range<Int>) throws {
    for number in numbers {
      try append(
        record(number).span, reference: Array("ref-\(number)".utf8).span,
        unixMilliseconds: UInt64(1_000 * number))
    }
  }

  mutating func pruneAll(_ limit: UInt64, _ cutoff: UInt64) throws {
    while try prune(limit: limit, cutoff: cutoff) {}
  }

  mutating func bytes(_ index: UInt64) throws -> [UInt8]? {
    var sealed = SealedRecord()
    guard try read(index, into: &sealed) != nil else { return nil }
    return sealed.withBytes { span in span.indices.map { span[$0] } }
  }
}

/// The root over the first `count` records of the tests.
func expectedRoot(_ count: Int) -> Digest {
  var tree = MerkleTree()
  for number in 0..<count { tree.append(.leaf(record(number).span)) }
  return tree.root
}
