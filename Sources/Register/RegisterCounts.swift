// What a register's session counts.

import Link

public struct RegisterCounts: Equatable, Sendable {
  public var frames = FrameCounts()
  public var sessions = SessionCounts()
  /// Authentic messages that were not understood.
  public var malformed: UInt64 = 0
  /// Records that came again.
  public var duplicates: UInt64 = 0
  /// Records that came before the ones they follow.
  public var early: UInt64 = 0
  /// Requests that were sent again.
  public var repeats: UInt64 = 0
}
