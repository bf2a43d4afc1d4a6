// The journal: every record that was made, as a Merkle log (RFC 6962) in one SQLite file, and how
// far a register has acknowledged it. A machine without threads: changes are gathered, and are
// durable when `commit` returns.
//
// A batch that fails is taken back whole, in the file and here; the caller, who still has the
// records, may try again.

import Link
import Octets

/// Where a journal lies and whose it is.
public struct JournalFile {
  /// NUL-terminated; must outlive the call that gets it.
  let path: UnsafePointer<UInt8>
  /// The name of an SQLite VFS; nil for the system's.
  let vfs: UnsafePointer<UInt8>?
  /// The public key that the board's checkpoints are signed with.
  let board: Digest

  public init(
    path: UnsafePointer<UInt8>, vfs: UnsafePointer<UInt8>? = nil, board: Digest
  ) {
    self.path = path
    self.vfs = vfs
    self.board = board
  }
}

public struct Journal: ~Copyable {
  var database: Database
  /// What would survive a power cut.
  public private(set) var durable: LogState
  /// With what was gathered since the last commit.
  public private(set) var pending: LogState
  public private(set) var hasUncommitted = false

  init(_ database: consuming Database, _ state: LogState) {
    self.database = database
    durable = state
    pending = state
  }

  // MARK: Gathering

  /// Appends a record, at most 560 bytes sealed, as `pending.size`.
  public mutating func append(
    _ sealed: Span<UInt8>, reference: Span<UInt8>, unixMilliseconds: UInt64
  ) throws(JournalError) {
    try attempt { (journal) throws(JournalError) in
      let place = JournalPlace.record(journal.pending.number, journal.pending.size)
      try journal.database.run(.insertRecord) { (row) throws(JournalError) in
        try row.bind(1, place)
        try row.bind(2, Int64(truncatingIfNeeded: unixMilliseconds))
        try row.bind(3, reference)
        try row.bind(4, sealed)
      }
      try journal.grow(by: .leaf(sealed))
    }
  }

  private mutating func grow(by leaf: Digest) throws(JournalError) {
    var tree = pending.tree
    let log = pending.number
    try tree.append(leaf) { (node) throws(JournalError) in
      try database.run(.insertNode) { (row) throws(JournalError) in
        try row.bind(1, JournalPlace.node(log, level: node.level, node.index))
        try row.bind(2, node.hash)
      }
    }
    pending.tree = tree
  }

  /// Compares what a register says it holds, and when it agrees notes that it does.
  public mutating func acknowledge(
    _ size: UInt64, root: Digest
  ) throws(JournalError) -> Judgement {
    guard size <= pending.size else { return .unknown }
    guard let mine = try self.root(at: size) else { return .unknown }
    guard mine == root else { return .differs }
    if size > pending.acknowledged {
      try attempt { (journal) throws(JournalError) in journal.pending.acknowledged = size }
    }
    return .agrees
  }

  /// Begins a transaction if none is open; takes everything back when `body` throws.
  private mutating func attempt(
    _ body: (inout Journal) throws(JournalError) -> Void
  ) throws(JournalError) {
    do throws(JournalError) {
      if !hasUncommitted { try database.run(.begin) }
      hasUncommitted = true
      try body(&self)
    } catch {
      rollBack()
      throw error
    }
  }

  /// Makes everything gathered durable.
  public mutating func commit() throws(JournalError) {
    guard hasUncommitted else { return }
    do throws(JournalError) {
      try save(pending)
      try database.run(.commit)
    } catch {
      rollBack()
      throw error
    }
    hasUncommitted = false
    durable = pending
  }

  private mutating func save(_ state: LogState) throws(JournalError) {
    try database.run(.updateLog) { (row) throws(JournalError) in
      try row.bind(1, state.number)
      try row.bind(2, Int64(state.oldest))
      try row.bind(3, Int64(state.size))
      try row.bind(4, Int64(state.acknowledged))
      try row.bind(5, state.tree.root)
    }
  }

  /// Takes back everything gathered since the last commit.
  public mutating func rollBack() {
    // It fails only where SQLite has rolled back by itself.
    if database.isInTransaction { try? database.run(.rollback) }
    hasUncommitted = false
    pending = durable
  }

  // MARK: Other logs

  /// Ends the log and begins another, at once durable. `origin` is new.
  public mutating func beginLog(
    _ origin: Origin, unixMilliseconds: UInt64
  ) throws(JournalError) {
    let next = LogState.new(pending.number + 1, origin, begun: unixMilliseconds)
    try attempt { (journal) throws(JournalError) in
      try journal.save(journal.pending)
      try journal.database.run(.endLogs)
      try journal.database.insert(next)
      journal.pending = next
    }
    try commit()
  }

  // MARK: Retention

  /// Records that are kept whatever their age: a register may be behind by as many.
  public static let kept: UInt64 = 1024
  /// Records let go in one step, which is a transaction.
  static let step: UInt64 = 256

  /// Lets go of the oldest records that a register has acknowledged, when there are more than
  /// `limit` or they are from before `cutoff` (milliseconds since 1970). Their part of the tree
  /// stays as few hashes, so that the root and the proofs of what is kept go on. False when nothing
  /// was to be done: called until then.
  public mutating func prune(limit: UInt64, cutoff: UInt64) throws(JournalError) -> Bool {
    precondition(!hasUncommitted, "called between batches")
    let next = durable.oldest + Self.step
    guard next <= durable.acknowledged, next + Self.kept <= durable.size else { return false }
    let isOver = durable.size - next >= max(limit, Self.kept)
    if !isOver { guard try isOld(next - 1, cutoff: cutoff) else { return false } }
    try attempt { (journal) throws(JournalError) in
      try journal.dropRecords(below: next)
      try journal.dropNodes(below: next)
      journal.pending.oldest = next
    }
    try commit()
    return true
  }

  private mutating func isOld(_ index: UInt64, cutoff: UInt64) throws(JournalError) -> Bool {
    let place = JournalPlace.record(durable.number, index)
    return try database.with(.record) { (row) throws(JournalError) in
      try row.bind(1, place)
      return try row.step() && UInt64(truncatingIfNeeded: row.integer(1)) < cutoff
    }
  }

  private mutating func dropRecords(below end: UInt64) throws(JournalError) {
    let log = pending.number
    try database.run(.deleteRecords) { (row) throws(JournalError) in
      try row.bind(1, JournalPlace.record(log, 0))
      try row.bind(2, JournalPlace.record(log, end))
    }
  }

  /// Of the tree over the first `end` records only the full subtrees' roots are kept: every later
  /// root or proof needs these and none below them.
  private mutating func dropNodes(below end: UInt64) throws(JournalError) {
    var leaf: UInt64 = 0
    for level in stride(from: MerkleTree.levels - 1, through: 0, by: -1)
    where end >> UInt64(level) & 1 == 1 {
      let log = pending.number
      let first = JournalPlace.firstNode(log, ofLeaf: leaf)
      let root = JournalPlace.node(log, level: level, leaf >> UInt64(level))
      try database.run(.deleteNodes) { (row) throws(JournalError) in
        try row.bind(1, first)
        try row.bind(2, root)
      }
      leaf += 1 << UInt64(level)
    }
  }
}
