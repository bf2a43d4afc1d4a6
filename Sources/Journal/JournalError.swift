// Why a journal does not open or does not take a record, in the terms of what to do about it.

import CSQLite

public enum JournalError: Error, Equatable {
  /// There is no such file, or no log in it, and none was to be begun.
  case missing
  /// A file of something else.
  case foreign
  /// Written by a newer Tillgate.
  case newerVersion(Int64)
  /// A journal, but another board's.
  case otherBoard
  case damaged(JournalDamage)
  /// Another process has it open.
  case busy
  case readOnly
  /// No room on the disk.
  case full
  /// The system refused: SQLite's extended code and the system's errno.
  case system(code: Int32, errno: Int32)
}

/// What a damaged journal contradicts itself in.
public enum JournalDamage: Equatable, Sendable {
  /// SQLite finds the file's structure broken or cut short.
  case file
  /// A log's entry of sizes makes no sense, or there is not exactly one log that goes on.
  case sizes
  /// A record is missing, or there is one too many.
  case record(index: UInt64)
  /// A node of the tree is missing or is not the hash of what is below it.
  case node(level: Int, index: UInt64)
  /// The tree has another root than the log's entry.
  case root
}

/// SQLite's result codes (sqlite.org/rescode.html), as far as they are told apart.
enum SQLCode {
  static let ok: Int32 = 0
  static let row: Int32 = 100
  static let done: Int32 = 101

  /// The error for an extended code.
  static func error(_ code: Int32, errno: Int32) -> JournalError {
    switch code & 0xFF {
    case 5, 6: .busy  // SQLITE_BUSY, SQLITE_LOCKED
    case 8: .readOnly
    case 11: .damaged(.file)  // SQLITE_CORRUPT
    case 13: .full
    case 26: .foreign  // SQLITE_NOTADB
    // A write that the disk has no room for is an I/O error in some places: ENOSPC, EDQUOT.
    case 10 where errno == 28 || errno == 122: .full
    case 10 where errno == 30: .readOnly  // EROFS
    // SQLITE_IOERR_SHORT_READ: the file ends in the middle of a page.
    case 10 where code == 522: .damaged(.file)
    case 14 where errno == 2: .missing  // SQLITE_CANTOPEN, ENOENT
    case 14 where errno == 30: .readOnly
    default: .system(code: code, errno: errno)
    }
  }
}
