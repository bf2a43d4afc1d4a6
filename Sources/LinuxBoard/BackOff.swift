// When to try again what has gone away: an unplugged port, chip or stream.

import Octets

/// Waits 100 ms after the first failure and twice as long after each further one, up to 2 s.
public struct BackOff: Sendable, Equatable {
  public static let shortest = Interval.milliseconds(100)
  public static let longest = Interval.milliseconds(2_000)

  private enum State: Equatable {
    /// Nothing failed lately.
    case fresh
    /// Failed; not before `at`, and after one more failure `pause` longer.
    case waiting(at: Instant, pause: Interval)
  }
  private var state = State.fresh

  public init() {}

  public mutating func failed(at now: Instant) {
    let pause: Interval
    switch state {
    case .fresh: pause = Self.shortest
    case .waiting(_, let last): pause = min(last + last, Self.longest)
    }
    state = .waiting(at: now + pause, pause: pause)
  }

  /// What was open since `start` went away. A thing that opens but dies at once is tried ever less
  /// often, one that has lasted is tried soon.
  public mutating func lost(at now: Instant, after start: Instant) {
    if now - start > Self.longest { state = .fresh }
    failed(at: now)
  }

  /// How long to wait yet; zero when it is time.
  public func remaining(at now: Instant) -> Interval {
    switch state {
    case .fresh: .milliseconds(0)
    case .waiting(let at, _): max(at - now, .milliseconds(0))
    }
  }
}
