// Files that are no journal of this board's: named, and left as they are.

import Foundation
import Journal
import Link
import Octets
import Testing

@Suite("A journal does not open")
struct OpeningTests {
  @Test("when there is none, and none is made")
  func missing() throws {
    let folder = try Folder()
    #expect(folder.refusal() == .missing)
    #expect(!FileManager.default.fileExists(atPath: folder.file.path))
    try Data().write(to: folder.file)
    #expect(folder.refusal() == .missing, "a file cut to nothing is no journal")
    #expect(try Data(contentsOf: folder.file).isEmpty)
  }

  @Test("when the file is something else's")
  func foreign() throws {
    let folder = try Folder()
    try Data("kiosk notes, nothing to do with Tillgate; more than a header's worth of text".utf8)
      .write(to: folder.file)
    let before = try Data(contentsOf: folder.file)
    #expect(folder.refusal() == .foreign)
    #expect(folder.refusal(beginning: origin(1)) == .foreign)
    #expect(try Data(contentsOf: folder.file) == before)
    try FileManager.default.removeItem(at: folder.file)
    try folder.sql("CREATE TABLE recipes(name)")
    #expect(folder.refusal(beginning: origin(1)) == .foreign)
    #expect(try folder.sql("SELECT count(*) FROM sqlite_master") == "1\n")
  }

  @Test("when a newer Tillgate wrote it")
  func newer() throws {
    let folder = try Folder()
    try folder.fill(3)
    try folder.sql("PRAGMA user_version = 2")
    #expect(folder.refusal() == .newerVersion(2))
  }

  @Test("when it is another board's, but is taken over before its first record")
  func otherBoard() throws {
    let other = Digest([UInt8](repeating: 8, count: 32).span)!
    let folder = try Folder()
    try folder.fill(1)
    #expect(folder.refusal(board: other) == .otherBoard)
    #expect(folder.refusal(beginning: origin(2), board: other) == .otherBoard)
    let empty = try Folder()
    try empty.fill(0)
    #expect(empty.refusal(board: other) == .otherBoard)
    #expect(empty.refusal(beginning: origin(2), board: other) == nil)
    #expect(empty.refusal(board: other) == nil)
  }

  @Test("while another process has it")
  func busy() throws {
    let folder = try Folder()
    try folder.fill(1)
    let journal = try folder.open()
    let shell = Process()
    shell.executableURL = URL(filePath: "/usr/bin/sqlite3")
    shell.arguments = [folder.file.path, "SELECT count(*) FROM records"]
    shell.standardError = Pipe()
    try shell.run()
    shell.waitUntilExit()
    #expect(shell.terminationStatus != 0, "nobody reads beside the controller")
    _ = consume journal
    #expect(folder.refusal() == nil)
  }

  @Test("when it was cut short at any page", arguments: [4096, 8192, 16_384, 40_960])
  func cutShort(_ size: Int) throws {
    let folder = try Folder()
    try folder.fill(400)
    let file = try FileHandle(forUpdating: folder.file)
    try file.truncate(atOffset: UInt64(size))
    try file.close()
    let refusal = try #require(folder.refusal())
    guard case .damaged = refusal else {
      Issue.record("\(refusal)")
      return
    }
    #expect(try Data(contentsOf: folder.file).count == size, "a damaged file is left as it is")
  }

  /// Each changes one thing that SQLite itself has no objection to.
  static let changes: [(sql: String, damage: JournalDamage, isSeenAtOnce: Bool)] = [
    ("UPDATE logs SET size = 49", .root, true),
    ("UPDATE logs SET acknowledged = 51", .sizes, true),
    ("UPDATE logs SET ended = 1", .sizes, true),
    ("UPDATE logs SET root = zeroblob(32)", .root, true),
    ("DELETE FROM records WHERE place & 255 = 49", .record(index: 49), true),
    ("INSERT INTO records VALUES((1 << 40) + 50, 0, x'41', x'41')", .record(index: 50), true),
    ("DELETE FROM records WHERE place & 255 = 7", .record(index: 7), false),
    (
      "UPDATE records SET sealed = x'00' WHERE place & 255 = 11", .node(level: 0, index: 11), false
    ),
    // Position 2 of the tree's order is the node over the first two leaves.
    (
      "UPDATE nodes SET hash = zeroblob(32) WHERE place = (1 << 41) + 2",
      .node(level: 1, index: 0), false
    ),
  ]

  @Test("or does not verify when a single thing in it was changed", arguments: 0..<9)
  func changed(_ number: Int) throws {
    let change = Self.changes[number]
    let folder = try Folder()
    try folder.fill(50)
    try folder.sql(change.sql)
    if change.isSeenAtOnce {
      #expect(folder.refusal() == .damaged(change.damage), "\(change.sql)")
      return
    }
    var journal = try folder.open()
    #expect(throws: JournalError.damaged(change.damage), "\(change.sql)") {
      try journal.verify(journal.durable)
    }
  }
}
