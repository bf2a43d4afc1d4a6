// How a journal is opened: what is ours is told from what is not, what is damaged is named, and
// nothing is ever begun anew unless that was asked for.

import Link
import Octets

extension Journal {
  /// Opens the journal of `file`.
  ///
  /// With `beginning`, a missing or empty file becomes a new journal whose first log has that
  /// origin; one that has a log without records is taken over (a power cut came between its making
  /// and the board's noting that it was made).
  ///
  /// A log of any size opens in the time of a few reads: the whole is checked by `verify`.
  public init(
    _ file: JournalFile, beginning origin: Origin? = nil, unixMilliseconds: UInt64
  ) throws(JournalError) {
    var database = try Database(file.path, vfs: file.vfs, creating: origin != nil)
    // Before anything is read: the exclusive lock cannot be had on a file that is open for reading.
    guard !database.isReadOnly else { throw .readOnly }
    try database.execute("PRAGMA locking_mode = EXCLUSIVE")
    let isEmpty = try database.identify()
    if isEmpty {
      guard let origin else { throw .missing }
      try database.configure()
      try database.createTables(for: file.board, origin, begun: unixMilliseconds)
    } else {
      try database.configure()
    }
    // Takes the lock, which is kept from here on.
    try database.run(.begin)
    try database.run(.commit)
    guard let state = try database.currentLog() else { throw .damaged(.sizes) }
    try database.checkBoard(file.board, mayAdopt: origin != nil && state.size == 0)
    try database.checkEnd(of: state)
    self.init(database, state)
  }
}

extension LogState {
  static func new(_ number: Int64, _ origin: Origin, begun: UInt64) -> LogState {
    LogState(
      number: number, origin: origin, oldest: 0, acknowledged: 0, tree: MerkleTree(), begun: begun,
      isEnded: false)
  }
}

extension Database {
  /// Whether the file has nothing in it yet. Throws when it is not ours.
  fileprivate func identify() throws(JournalError) -> Bool {
    let application = try execute("PRAGMA application_id")
    let version = try execute("PRAGMA user_version")
    if application == 0, version == 0 {
      guard try execute("SELECT count(*) FROM sqlite_master") == 0 else { throw .foreign }
      return true
    }
    guard application == Schema.applicationID, version > 0 else { throw .foreign }
    guard version <= Schema.version else { throw .newerVersion(version) }
    return false
  }

  fileprivate func configure() throws(JournalError) {
    var index = 0
    while let setting = Schema.setting(index) {
      try execute(setting)
      index += 1
    }
    guard try answers("PRAGMA journal_mode", "wal") else { throw .system(code: 1, errno: 0) }
  }

  fileprivate mutating func createTables(
    for board: Digest, _ origin: Origin, begun: UInt64
  ) throws(JournalError) {
    try run(.begin)
    var index = 0
    while let table = Schema.table(index) {
      try execute(table)
      index += 1
    }
    try run(.setBoard) { (row) throws(JournalError) in try row.bind(1, board) }
    try insert(.new(1, origin, begun: begun))
    try run(.commit)
  }

  mutating func insert(_ log: LogState) throws(JournalError) {
    var origin = Bytes<16>()
    do { try log.origin.append(to: &origin) } catch { preconditionFailure("16 bytes") }
    try run(.insertLog) { (row) throws(JournalError) in
      try row.bind(1, log.number)
      try origin.withBytes { (bytes) throws(JournalError) in try row.bind(2, bytes) }
      try row.bind(3, Int64(truncatingIfNeeded: log.begun))
      try row.bind(4, log.tree.root)
    }
  }

  /// The one log that goes on.
  fileprivate mutating func currentLog() throws(JournalError) -> LogState? {
    guard let log = try log(.currentLog, after: 0) else { return nil }
    let others = try with(.nextLog) { (row) throws(JournalError) in
      try row.bind(1, log.number)
      return try row.step()
    }
    guard !others else { throw .damaged(.sizes) }
    return log
  }

  /// A log's row with its tree, after checking that they fit.
  mutating func log(_ query: Query, after number: Int64) throws(JournalError) -> LogState? {
    var root: Digest?
    var size: UInt64 = 0
    let found = try with(query) { (row) throws(JournalError) -> LogState? in
      if query == .nextLog { try row.bind(1, number) }
      guard try row.step() else { return nil }
      let sizes = (row.integer(2), row.integer(3), row.integer(4))
      root = row.digest(5)
      guard row.integer(0) > 0, let origin = row.withBytes(1, { Origin($0) }), sizes.0 >= 0,
        sizes.1 >= max(sizes.0, sizes.2), sizes.2 >= sizes.0, sizes.1 >> 40 == 0
      else { throw .damaged(.sizes) }
      size = UInt64(sizes.1)
      return LogState(
        number: row.integer(0), origin: origin, oldest: UInt64(sizes.0),
        acknowledged: UInt64(sizes.2), tree: MerkleTree(),
        begun: UInt64(truncatingIfNeeded: row.integer(7)), isEnded: row.integer(6) != 0)
    }
    guard var log = found else { return nil }
    log.tree = try tree(log.number, size)
    guard root == log.tree.root else { throw .damaged(.root) }
    return log
  }

  fileprivate mutating func checkBoard(
    _ board: Digest, mayAdopt: Bool
  ) throws(JournalError) {
    let isOwn = try with(.board) { (row) throws(JournalError) in
      try row.step() && row.digest(0) == board
    }
    if isOwn { return }
    guard mayAdopt else { throw .otherBoard }
    try run(.setBoard) { (row) throws(JournalError) in try row.bind(1, board) }
  }

  /// Whether the records end where the log does.
  fileprivate mutating func checkEnd(of log: LogState) throws(JournalError) {
    let last = JournalPlace.record(log.number, log.size)
    if log.size > log.oldest {
      let isThere = try with(.record) { (row) throws(JournalError) in
        try row.bind(1, last - 1)
        return try row.step()
      }
      guard isThere else { throw .damaged(.record(index: log.size - 1)) }
    }
    let isMore = try with(.recordsBetween) { (row) throws(JournalError) in
      try row.bind(1, last)
      try row.bind(2, JournalPlace.record(log.number + 1, 0))
      return try row.step()
    }
    guard !isMore else { throw .damaged(.record(index: log.size)) }
  }
}
