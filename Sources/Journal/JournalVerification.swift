// The whole journal against itself: the file's structure, every record, every node, every root.

import Link
import Octets

extension Journal {
  /// Checks the file's structure: indexes, free pages, order.
  public mutating func verifyFile() throws(JournalError) {
    guard try database.answers("PRAGMA integrity_check", "ok") else { throw .damaged(.file) }
  }

  /// Computes the tree of `log` anew from its records and compares every node. Takes a read and
  /// some hashes for each record.
  public mutating func verify(_ log: LogState) throws(JournalError) {
    var tree = try database.tree(log.number, log.oldest)
    var sealed = SealedRecord()
    for index in log.oldest..<log.size {
      guard try read(index, of: log, into: &sealed) != nil else {
        throw .damaged(.record(index: index))
      }
      let leaf = sealed.withBytes { Digest.leaf($0) }
      try tree.append(leaf) { (node) throws(JournalError) in
        guard try database.node(log.number, node.level, node.index) == node.hash else {
          throw .damaged(.node(level: node.level, index: node.index))
        }
      }
    }
    guard tree.root == log.tree.root else { throw .damaged(.root) }
    guard try count(log) == log.size - log.oldest else {
      throw .damaged(.record(index: log.size))
    }
  }

  private mutating func count(_ log: LogState) throws(JournalError) -> UInt64 {
    try database.with(.recordsAbove) { (row) throws(JournalError) in
      try row.bind(1, JournalPlace.record(log.number, 0))
      try row.bind(2, JournalPlace.record(log.number + 1, 0))
      return try row.step() ? UInt64(truncatingIfNeeded: row.integer(0)) : 0
    }
  }
}
