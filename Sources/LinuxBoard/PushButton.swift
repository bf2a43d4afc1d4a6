// A button on the board that a human holds down for a second: a physical act.

import CGPIO
import Octets

/// A line that goes to one level while the button is down. Read by a thread that may wait.
public struct PushButton: ~Copyable {
  private enum State {
    case away
    case open(OpaquePointer, since: Instant)
  }

  /// So long it must be down: a passing sleeve and a spark are shorter.
  public static let hold = Interval.seconds(1)

  private let lines: GPIOLines?
  private let isActiveLow: Bool
  private var state = State.away
  private var backOff = BackOff()
  /// Since when it has been down; nil when it is up, or was reported.
  private var downSince: Instant?

  /// `lines` has the button's line alone; nil for a board without one.
  public init(_ lines: GPIOLines?, isActiveLow: Bool) {
    self.lines = lines
    self.isActiveLow = isActiveLow
  }

  deinit {
    if case .open(let gpio, _) = state { tg_gpio_close(gpio) }
  }

  /// Whether it has now been down for `hold`. True once for each press.
  public mutating func wasPressed(now: Instant) -> Bool {
    switch state {
    case .away: open(now: now)
    case .open(let gpio, let since): read(gpio, since, now: now)
    }
    guard let downSince, now - downSince >= Self.hold else { return false }
    self.downSince = nil
    return true
  }

  private mutating func open(now: Instant) {
    guard let lines, backOff.remaining(at: now) == .milliseconds(0) else { return }
    do throws(GPIOError) { state = .open(try lines.watch(), since: now) } catch {
      backOff.failed(at: now)
    }
  }

  private mutating func read(_ gpio: OpaquePointer, _ since: Instant, now: Instant) {
    var events = InlineArray<32, tg_gpio_event>(repeating: tg_gpio_event())
    var mutable = events.mutableSpan
    let count = mutable.withUnsafeMutableBufferPointer {
      tg_gpio_read(gpio, $0.baseAddress, $0.count)
    }
    guard count >= 0 else {
      tg_gpio_close(gpio)
      state = .away
      downSince = nil
      return backOff.lost(at: now, after: since)
    }
    for index in 0..<min(count, events.count) { take(events[index]) }
  }

  private mutating func take(_ event: tg_gpio_event) {
    let pressed = UInt8(isActiveLow ? TG_GPIO_FALLING : TG_GPIO_RISING)
    // A loss of edges is a release too: whether it was held is not known.
    downSince = event.kind == pressed ? Instant(nanoseconds: event.nanoseconds) : nil
  }
}
