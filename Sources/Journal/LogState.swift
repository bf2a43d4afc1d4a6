// One log's sizes and the right edge of its tree, and where its rows lie.

import Link
import Octets

/// A log of records as far as it goes.
public struct LogState: Equatable, Sendable {
  /// Counts the logs of this journal, from 1.
  public internal(set) var number: Int64
  public internal(set) var origin: Origin
  /// The oldest record that is still kept.
  public internal(set) var oldest: UInt64
  /// All records below were acknowledged by a register.
  public internal(set) var acknowledged: UInt64
  public internal(set) var tree: MerkleTree
  /// When it was begun, milliseconds since 1970.
  public internal(set) var begun: UInt64
  /// Whether another log goes on in its place.
  public internal(set) var isEnded: Bool

  /// The index that the next record will have.
  public var size: UInt64 { tree.size }
}

/// Row numbers: one for each record, one for each node of each tree, ascending as they are made, so
/// that appending touches the last pages only.
enum JournalPlace {
  private static let recordBits: Int64 = 40
  private static let nodeBits: Int64 = 41

  static func record(_ log: Int64, _ index: UInt64) -> Int64 {
    log << recordBits | Int64(truncatingIfNeeded: index)
  }

  /// The log and index of a record's row.
  static func parts(ofRecord place: Int64) -> (log: Int64, index: UInt64) {
    (place >> recordBits, UInt64(truncatingIfNeeded: place & (1 << recordBits - 1)))
  }

  /// In the order in which nodes are completed: each leaf, then the subtrees it completes. Before
  /// leaf n there are n leaves and n - popcount(n) inner nodes.
  static func node(_ log: Int64, level: Int, _ index: UInt64) -> Int64 {
    let lastLeaf = (index + 1) << UInt64(level) - 1
    return firstNode(log, ofLeaf: lastLeaf) + Int64(level)
  }

  static func firstNode(_ log: Int64, ofLeaf leaf: UInt64) -> Int64 {
    log << nodeBits | Int64(truncatingIfNeeded: 2 * leaf - UInt64(leaf.nonzeroBitCount))
  }
}
