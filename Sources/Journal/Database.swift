// One exclusive connection to an SQLite file and its prepared statements. SQL is in `Query` and
// `Schema` and nowhere else.

import CSQLite
import Octets

/// A statement that is prepared once and used again and again.
enum Query: Int {
  case begin, commit, rollback
  case insertRecord, record, reference, recordsAbove, recordsBetween, deleteRecords
  case insertNode, node, deleteNodes
  case insertLog, updateLog, currentLog, nextLog, endLogs
  case board, setBoard

  static let count = 19

  var sql: StaticString {
    switch self {
    case .begin: "BEGIN IMMEDIATE"
    case .commit: "COMMIT"
    case .rollback: "ROLLBACK"
    case .insertRecord: "INSERT INTO records(place, time, reference, sealed) VALUES(?1, ?2, ?3, ?4)"
    case .record: "SELECT sealed, time, reference FROM records WHERE place = ?1"
    case .reference: "SELECT max(place) FROM records WHERE reference = ?1"
    case .recordsAbove: "SELECT count(*) FROM records WHERE place >= ?1 AND place < ?2"
    case .recordsBetween: "SELECT place FROM records WHERE place >= ?1 AND place < ?2 LIMIT 1"
    case .deleteRecords: "DELETE FROM records WHERE place >= ?1 AND place < ?2"
    case .insertNode: "INSERT INTO nodes(place, hash) VALUES(?1, ?2)"
    case .node: "SELECT hash FROM nodes WHERE place = ?1"
    case .deleteNodes: "DELETE FROM nodes WHERE place >= ?1 AND place < ?2"
    case .insertLog:
      """
      INSERT INTO logs(number, origin, begun, oldest, size, acknowledged, root, ended)
      VALUES(?1, ?2, ?3, 0, 0, 0, ?4, 0)
      """
    case .updateLog:
      "UPDATE logs SET oldest = ?2, size = ?3, acknowledged = ?4, root = ?5 WHERE number = ?1"
    case .currentLog:
      """
      SELECT number, origin, oldest, size, acknowledged, root, ended, begun FROM logs
      WHERE ended = 0 ORDER BY number DESC LIMIT 1
      """
    case .nextLog:
      """
      SELECT number, origin, oldest, size, acknowledged, root, ended, begun FROM logs
      WHERE number > ?1 ORDER BY number LIMIT 1
      """
    case .endLogs: "UPDATE logs SET ended = 1 WHERE ended = 0"
    case .board: "SELECT key FROM board"
    case .setBoard: "UPDATE board SET key = ?1"
    }
  }
}

/// What is executed once, in order.
enum Schema {
  /// "TGj1".
  static let applicationID: Int64 = 0x5447_6A31
  static let version: Int64 = 1

  /// The settings of a connection to a file that is ours. Nobody else may open it, so there is no
  /// shared memory; a commit is durable when it returns.
  static func setting(_ index: Int) -> StaticString? {
    switch index {
    case 0: "PRAGMA synchronous = FULL"
    case 1: "PRAGMA journal_mode = WAL"
    // The log's writes walk forward: a small cache and a small write-ahead log do.
    case 2: "PRAGMA cache_size = -512"
    case 3: "PRAGMA wal_autocheckpoint = 256"
    case 4: "PRAGMA journal_size_limit = 4194304"
    default: nil
    }
  }

  /// Makes the tables of a new file, in one transaction. A place is a log's number and, in the low
  /// 40 bits, a record's index, or in the low 41 a node's position (`JournalPlace`).
  static func table(_ index: Int) -> StaticString? {
    switch index {
    case 0: "CREATE TABLE board(key BLOB NOT NULL)"
    case 1:
      """
      CREATE TABLE logs(number INTEGER PRIMARY KEY, origin BLOB NOT NULL UNIQUE,
      begun INTEGER NOT NULL, oldest INTEGER NOT NULL, size INTEGER NOT NULL,
      acknowledged INTEGER NOT NULL, root BLOB NOT NULL, ended INTEGER NOT NULL)
      """
    case 2:
      """
      CREATE TABLE records(place INTEGER PRIMARY KEY, time INTEGER NOT NULL,
      reference BLOB NOT NULL, sealed BLOB NOT NULL)
      """
    case 3: "CREATE INDEX records_by_reference ON records(reference)"
    case 4: "CREATE TABLE nodes(place INTEGER PRIMARY KEY, hash BLOB NOT NULL)"
    case 5: "INSERT INTO board(key) VALUES(zeroblob(32))"
    case 6: "PRAGMA application_id = 1413966385"
    case 7: "PRAGMA user_version = 1"
    default: nil
    }
  }
}

/// The bound values and result columns of a statement in use. Values count from 1, columns from 0.
struct Cursor {
  fileprivate let statement: OpaquePointer
  fileprivate let connection: OpaquePointer

  private func check(_ code: Int32) throws(JournalError) {
    guard code == SQLCode.ok else {
      throw SQLCode.error(code, errno: tg_sql_errno(connection))
    }
  }

  func bind(_ place: Int32, _ value: Int64) throws(JournalError) {
    try check(sqlite3_bind_int64(statement, place, value))
  }

  func bind(_ place: Int32, _ bytes: Span<UInt8>) throws(JournalError) {
    try check(
      bytes.withUnsafeBytes { tg_sql_bind(statement, place, $0.baseAddress, Int32($0.count)) })
  }

  func bind(_ place: Int32, _ digest: Digest) throws(JournalError) {
    try digest.withBytes { (bytes) throws(JournalError) in try bind(place, bytes) }
  }

  /// Whether there is a (further) row.
  func step() throws(JournalError) -> Bool {
    let code = sqlite3_step(statement)
    if code == SQLCode.row { return true }
    guard code == SQLCode.done else {
      throw SQLCode.error(code, errno: tg_sql_errno(connection))
    }
    return false
  }

  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

  func withBytes<R: ~Copyable, E: Error>(
    _ column: Int32, _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    let start = sqlite3_column_blob(statement, column)
    let count = start == nil ? 0 : Int(sqlite3_column_bytes(statement, column))
    return try body(Span(_unsafeElements: UnsafeBufferPointer(start: start, count: count)))
  }

  func digest(_ column: Int32) -> Digest? { withBytes(column) { Digest($0) } }
}

/// The connection. Its owner uses it from one thread at a time.
public struct Database: ~Copyable, @unchecked Sendable {
  @usableFromInline let connection: OpaquePointer
  @usableFromInline var statements = InlineArray<19, OpaquePointer?>(repeating: nil)

  /// Opens, and with `creating` makes, the file at the NUL-terminated `path` through the VFS of
  /// that name, or SQLite's own. Nothing is read yet.
  init(
    _ path: UnsafePointer<UInt8>, vfs: UnsafePointer<UInt8>?, creating: Bool
  ) throws(JournalError) {
    // SQLITE_OPEN_READWRITE, SQLITE_OPEN_CREATE.
    let flags: Int32 = creating ? 2 | 4 : 2
    var connection: OpaquePointer?
    let code = sqlite3_open_v2(path, &connection, flags, vfs)
    guard let connection else { throw .system(code: 7, errno: 12) }  // SQLITE_NOMEM
    guard code == SQLCode.ok else {
      let error = SQLCode.error(code, errno: tg_sql_errno(connection))
      sqlite3_close(connection)
      throw error
    }
    _ = sqlite3_extended_result_codes(connection, 1)
    self.connection = connection
  }

  @inlinable deinit {
    for index in 0..<19 { sqlite3_finalize(statements[index]) }
    sqlite3_close(connection)
  }

  /// SQLite opens a file that may not be written for reading alone.
  var isReadOnly: Bool {
    let name: StaticString = "main"
    return sqlite3_db_readonly(connection, name.utf8Start) == 1
  }

  /// Whether a transaction is open. SQLite ends one by itself after some errors.
  var isInTransaction: Bool { sqlite3_get_autocommit(connection) == 0 }

  /// Uses a statement, whose values and place are forgotten afterwards.
  mutating func with<R>(
    _ query: Query, _ body: (Cursor) throws(JournalError) -> R
  ) throws(JournalError) -> R {
    let statement: OpaquePointer
    if let known = statements[query.rawValue] {
      statement = known
    } else {
      statement = try prepare(query.sql)
      statements[query.rawValue] = statement
    }
    defer { sqlite3_reset(statement) }
    return try body(Cursor(statement: statement, connection: connection))
  }

  /// Runs a statement that gives no rows.
  mutating func run(
    _ query: Query, _ bind: (Cursor) throws(JournalError) -> Void = { _ in }
  ) throws(JournalError) {
    try with(query) { (cursor) throws(JournalError) in
      try bind(cursor)
      _ = try cursor.step()
    }
  }

  /// Runs a statement once; the first column of its last row, or 0.
  @discardableResult
  func execute(_ sql: StaticString) throws(JournalError) -> Int64 {
    let statement = try prepare(sql)
    defer { sqlite3_finalize(statement) }
    let cursor = Cursor(statement: statement, connection: connection)
    var value: Int64 = 0
    while try cursor.step() { value = cursor.integer(0) }
    return value
  }

  /// Whether `sql` gives one row that says `text`.
  func answers(_ sql: StaticString, _ text: StaticString) throws(JournalError) -> Bool {
    let statement = try prepare(sql)
    defer { sqlite3_finalize(statement) }
    let cursor = Cursor(statement: statement, connection: connection)
    guard try cursor.step() else { return false }
    let isSaid = cursor.withBytes(0) { said in withLiteral(text) { said.equals($0) } }
    let isMore = try cursor.step()
    return isSaid && !isMore
  }

  private func prepare(_ sql: StaticString) throws(JournalError) -> OpaquePointer {
    var statement: OpaquePointer?
    let size = Int32(sql.utf8CodeUnitCount)
    // SQLITE_PREPARE_PERSISTENT.
    let code = sqlite3_prepare_v3(connection, sql.utf8Start, size, 1, &statement, nil)
    guard code == SQLCode.ok, let statement else {
      throw SQLCode.error(code, errno: tg_sql_errno(connection))
    }
    return statement
  }
}
