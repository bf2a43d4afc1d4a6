// What the journal knows: records by index or reference, roots and proofs.

import Link
import Octets

/// Where the record of a transaction stands.
public struct RecordPlace: Equatable, Sendable, BitwiseCopyable {
  public var origin: Origin
  public var index: UInt64
  /// Whether it is in the log that goes on.
  public var isCurrent: Bool

  public init(origin: Origin, index: UInt64, isCurrent: Bool) {
    self.origin = origin
    self.index = index
    self.isCurrent = isCurrent
  }
}

/// What was noted beside a record.
public struct RecordNote: Equatable, Sendable {
  public var reference: Reference?
  /// Of the capture, since 1970.
  public var unixMilliseconds: UInt64
}

extension Journal {
  /// Replaces `sealed` by record `index` of the log that goes on; nil when it is not kept.
  public mutating func read(
    _ index: UInt64, into sealed: inout SealedRecord
  ) throws(JournalError) -> RecordNote? {
    try read(index, of: pending, into: &sealed)
  }

  /// The same of any log.
  public mutating func read(
    _ index: UInt64, of log: LogState, into sealed: inout SealedRecord
  ) throws(JournalError) -> RecordNote? {
    sealed.removeAll()
    guard index >= log.oldest, index < log.size else { return nil }
    return try database.with(.record) { (row) throws(JournalError) in
      try row.bind(1, JournalPlace.record(log.number, index))
      guard try row.step() else { throw .damaged(.record(index: index)) }
      do throws(Overflow) {
        try row.withBytes(0) { (bytes) throws(Overflow) in try sealed.append(bytes) }
      } catch { throw .damaged(.record(index: index)) }
      return RecordNote(
        reference: row.withBytes(2) { Reference($0) },
        unixMilliseconds: UInt64(truncatingIfNeeded: row.integer(1)))
    }
  }

  /// Where the record of the transaction with this reference is, in any log.
  public mutating func find(_ reference: Reference) throws(JournalError) -> RecordPlace? {
    let place = try database.with(.reference) { (row) throws(JournalError) in
      try reference.withText { (text) throws(JournalError) in try row.bind(1, text) }
      return try row.step() ? row.integer(0) : 0
    }
    // The first log has number 1: 0 is the maximum of no rows.
    guard place > 0 else { return nil }
    let (number, index) = JournalPlace.parts(ofRecord: place)
    guard number != pending.number else {
      return RecordPlace(origin: pending.origin, index: index, isCurrent: true)
    }
    guard let log = try log(after: number - 1) else { throw .damaged(.sizes) }
    return RecordPlace(origin: log.origin, index: index, isCurrent: false)
  }

  /// The root over the first `size` records; nil when the log is not that long, or that part of the
  /// tree was let go.
  public mutating func root(at size: UInt64) throws(JournalError) -> Digest? {
    if size == pending.size { return pending.tree.root }
    guard size < pending.size, size >= pending.oldest || size == 0 else { return nil }
    let log = pending.number
    return try MerkleProver.root(0, size) { (level, index) throws(JournalError) in
      try database.node(log, level, index)
    }
  }

  /// The right edge of the tree over the first `size` records, largest subtree first. Nil as for
  /// `root`.
  public mutating func tree(at size: UInt64) throws(JournalError) -> MerkleTree? {
    guard size <= pending.size, size >= pending.oldest || size == 0 else { return nil }
    return try database.tree(pending.number, size)
  }

  /// The hash of a full subtree of a log.
  public mutating func node(
    _ log: LogState, level: Int, _ index: UInt64
  ) throws(JournalError) -> Digest {
    try database.node(log.number, level, index)
  }

  /// That record `index` is in the first `size` records of `log`; nil when either is not kept.
  public mutating func inclusionProof(
    _ index: UInt64, size: UInt64, of log: LogState
  ) throws(JournalError) -> MerkleProof? {
    guard index >= log.oldest, index < size, size <= log.size else { return nil }
    return try MerkleProver.inclusion(index, size: size) { (level, index) throws(JournalError) in
      try database.node(log.number, level, index)
    }
  }

  /// That the first `old` records of `log` are the beginning of its first `size`.
  public mutating func consistencyProof(
    from old: UInt64, to size: UInt64, of log: LogState
  ) throws(JournalError) -> MerkleProof? {
    guard old > 0, old >= log.oldest, old <= size, size <= log.size else { return nil }
    return try MerkleProver.consistency(from: old, to: size) {
      (level, index) throws(JournalError) in
      try database.node(log.number, level, index)
    }
  }

  /// The log after the one with this number (0 for the first), ended or not.
  public mutating func log(after number: Int64) throws(JournalError) -> LogState? {
    if number + 1 == pending.number { return pending }
    return try database.log(.nextLog, after: number)
  }
}

extension Database {
  mutating func node(
    _ log: Int64, _ level: Int, _ index: UInt64
  ) throws(JournalError) -> Digest {
    try with(.node) { (row) throws(JournalError) in
      try row.bind(1, JournalPlace.node(log, level: level, index))
      guard try row.step(), let hash = row.digest(0) else {
        throw .damaged(.node(level: level, index: index))
      }
      return hash
    }
  }

  /// The right edge of a log's tree.
  mutating func tree(_ log: Int64, _ size: UInt64) throws(JournalError) -> MerkleTree {
    var peaks = Bytes<1280>()
    var leaf: UInt64 = 0
    for level in stride(from: MerkleTree.levels - 1, through: 0, by: -1)
    where size >> UInt64(level) & 1 == 1 {
      let hash = try node(log, level, leaf >> UInt64(level))
      do throws(Overflow) {
        try hash.withBytes { (bytes) throws(Overflow) in try peaks.append(bytes) }
      } catch { preconditionFailure("a hash for each level") }
      leaf += 1 << UInt64(level)
    }
    guard let tree = peaks.withBytes({ MerkleTree(size: size, peaks: $0) }) else {
      throw .damaged(.sizes)
    }
    return tree
  }
}
