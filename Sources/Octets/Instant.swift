// Time as it is handed down: read once a tick, never inside a machine.

/// A point on the monotonic clock (`CLOCK_MONOTONIC`, or the simulator's), in nanoseconds.
public struct Instant: Comparable, Sendable, BitwiseCopyable {
  public var nanoseconds: UInt64

  public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  /// Never: later than any deadline.
  public static var distantFuture: Instant { Instant(nanoseconds: .max) }

  public static func < (left: Instant, right: Instant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  public static func + (left: Instant, right: Interval) -> Instant {
    Instant(nanoseconds: left.nanoseconds &+ UInt64(bitPattern: right.nanoseconds))
  }

  public static func - (left: Instant, right: Instant) -> Interval {
    Interval(nanoseconds: Int64(bitPattern: left.nanoseconds &- right.nanoseconds))
  }
}

/// A signed span of time in nanoseconds.
public struct Interval: Comparable, Sendable, BitwiseCopyable {
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static func microseconds(_ count: Int64) -> Interval {
    Interval(nanoseconds: count &* 1_000)
  }
  public static func milliseconds(_ count: Int64) -> Interval {
    Interval(nanoseconds: count &* 1_000_000)
  }
  public static func seconds(_ count: Int64) -> Interval {
    Interval(nanoseconds: count &* 1_000_000_000)
  }

  public static func < (left: Interval, right: Interval) -> Bool {
    left.nanoseconds < right.nanoseconds
  }
  public static func + (left: Interval, right: Interval) -> Interval {
    Interval(nanoseconds: left.nanoseconds &+ right.nanoseconds)
  }
}
