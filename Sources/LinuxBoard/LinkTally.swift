// The link's counts where another thread may look at them: the loop's own are the loop's.

import Link
import Synchronization

/// Written by the loop now and then, read by anyone.
public struct LinkTally: ~Copyable, Sendable {
  private let good = Atomic<UInt64>(0)
  private let spoilt = Atomic<UInt64>(0)
  private let forgeries = Atomic<UInt64>(0)
  private let replays = Atomic<UInt64>(0)

  public init() {}

  public func store(_ counts: LinkCounts) {
    let frames = counts.frames
    good.store(frames.good, ordering: .relaxed)
    spoilt.store(frames.noise, ordering: .relaxed)
    forgeries.store(counts.sessions.forged, ordering: .relaxed)
    replays.store(counts.sessions.replayed, ordering: .relaxed)
  }

  /// Good frames from the register.
  public var frames: UInt64 { good.load(ordering: .relaxed) }
  /// Frames that noise had spoilt.
  public var noise: UInt64 { spoilt.load(ordering: .relaxed) }
  public var forged: UInt64 { forgeries.load(ordering: .relaxed) }
  public var replayed: UInt64 { replays.load(ordering: .relaxed) }
}
