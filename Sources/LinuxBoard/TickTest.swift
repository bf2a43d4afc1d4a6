// How late this computer lets a thread be that does nothing but keep a grid: what the loop has to
// live with, without cards or a register.

import Octets
import Synchronization

/// Keeps the grid in a thread of its own. Lives in locked memory until that thread has ended.
public struct TickTest: ~Copyable, @unchecked Sendable {
  public let lateness: LatencyHistogram
  private let period: Interval
  private let slots: UInt64
  private let lost = Atomic<UInt64>(0)
  private let stopping = Atomic<Bool>(false)

  /// Runs `slots` slots of `period` each.
  public init(period: Interval, slots: UInt64) throws(NoMemory) {
    lateness = try LatencyHistogram()
    self.period = period
    self.slots = slots
  }

  /// Slots that passed altogether while the thread did not run.
  public var missed: UInt64 { lost.load(ordering: .relaxed) }
  public var isOver: Bool { lateness.count >= slots || stopping.load(ordering: .relaxed) }
  public func stop() { stopping.store(true, ordering: .relaxed) }

  /// The body of the thread.
  public func run() {
    var ticker = Ticker(period: period, start: MonotonicClock.now() + period)
    while !isOver {
      let tick = ticker.wait(recording: lateness)
      if tick.missed > 0 { lost.store(missed &+ tick.missed, ordering: .relaxed) }
    }
  }
}
