// What goes wrong in a world, all of it from the seed. Nothing does by default.

import Octets

/// What goes wrong with one disk. Probabilities are of single operations.
public struct DiskFaults: Sendable, BitwiseCopyable, Equatable {
  public var failedReads = 0.0
  public var failedWrites = 0.0
  /// After a failed sync, what was not kept may count as clean, as on Linux.
  public var failedSyncs = 0.0
  public var failedDirectorySyncs = 0.0
  public var shortReads = 0.0
  /// An operation takes up to `longestStall`.
  public var stalls = 0.0
  public var longestStall = Interval.seconds(5)
  /// Bytes for all files together; 0: no limit.
  public var room: UInt64 = 0
  public var isReadOnly = false
  /// Planted bugs: a sync that says it was done and does nothing.
  public var ignoresSync = false
  public var ignoresDirectorySync = false

  public init() {}
}
