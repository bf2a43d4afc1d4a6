// The one clock of the board, and the grid on which the loop runs.

import CLinux
import Octets

public enum MonotonicClock {
  /// `CLOCK_MONOTONIC`, the clock of the kernel's edge time stamps.
  public static func now() -> Instant { Instant(nanoseconds: tg_now()) }

  public static func sleep(until instant: Instant) { tg_sleep_until(instant.nanoseconds) }
}

/// A slot of the loop.
public struct Tick: Sendable, Equatable {
  /// Counts the slots of the grid, also the missed ones.
  public var number: UInt64
  public var due: Instant
  /// When the loop woke, never before `due`.
  public var now: Instant
  /// Slots before this one that passed without the loop running.
  public var missed: UInt64
}

/// Wakes the loop on a fixed grid that is never moved, so that lateness does not hide itself: a
/// slot that was slept or worked through is charged with its own lateness and not made up for.
public struct Ticker: ~Copyable {
  public let period: Interval
  /// The next slot.
  public private(set) var next: Instant
  private var number: UInt64 = 0

  /// The first slot is at `start`. `period` is above 0.
  public init(period: Interval, start: Instant) {
    precondition(period.nanoseconds > 0, "a constant of the profile, checked there")
    self.period = period
    next = start
  }

  /// Sleeps until the next slot that has not passed, and records the lateness of it and of every
  /// slot missed.
  public mutating func wait(recording lateness: borrowing LatencyHistogram) -> Tick {
    MonotonicClock.sleep(until: next)
    return advance(to: MonotonicClock.now(), recording: lateness)
  }

  /// The slot to run at `now`: the latest one that has come.
  mutating func advance(to now: Instant, recording lateness: borrowing LatencyHistogram) -> Tick {
    var missed: UInt64 = 0
    while now - next >= period {
      lateness.record(now - next)
      next = next + period
      missed += 1
    }
    lateness.record(now - next)
    let tick = Tick(number: number + missed, due: next, now: now, missed: missed)
    number += missed + 1
    next = next + period
    return tick
  }
}
