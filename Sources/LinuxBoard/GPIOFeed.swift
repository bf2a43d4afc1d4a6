// Edges from a GPIO chip, which may be an expander on a cable.

import CGPIO
import CLinux
import Magstripe
import Octets

struct GPIOFeed: ~Copyable {
  private enum State {
    case away
    case open(OpaquePointer, since: Instant)
  }
  /// Long enough for many edges, short enough that the kernel's buffer never fills: at 59,000
  /// edges/s a line of libgpiod 1.6 holds 800 us, a request of libgpiod 2 holds 17 ms.
  private static var pause: Interval { .microseconds(tg_gpio_depth() < 1024 ? 100 : 500) }
  private static let batchesPerTurn = 8

  private let lines: GPIOLines
  private let table: LineTable
  private var state = State.away
  private var backOff = BackOff()
  private var sorter = EdgeSorter()
  private var batch = InlineArray<256, tg_gpio_event>(repeating: tg_gpio_event())

  init(_ lines: GPIOLines, _ table: LineTable) {
    self.lines = lines
    self.table = table
  }

  mutating func close() {
    if case .open(let gpio, _) = state { tg_gpio_close(gpio) }
    state = .away
  }

  /// One round of waiting and reading, at most 50 ms long.
  mutating func turn(_ outlet: inout EdgeOutlet) {
    switch state {
    case .away: open(&outlet)
    case .open(let gpio, let since): receive(gpio, since, &outlet)
    }
  }

  private mutating func receive(
    _ gpio: OpaquePointer, _ since: Instant, _ outlet: inout EdgeOutlet
  ) {
    let asked = MonotonicClock.now()
    let limit = sorter.count == 0 ? outlet.patience(at: asked) : EdgeSorter.settle
    let ready = tg_gpio_wait(gpio, UInt64(limit.nanoseconds))
    let left = ready > 0 ? drain(gpio, &outlet) : Int(min(ready, 0))
    let now = MonotonicClock.now()
    if left < 0 { return lose(gpio, Int32(truncatingIfNeeded: -left), since, now, &outlet) }
    // What was stamped before this has been queued by now, and all that was queued has been read.
    let settled = Instant(nanoseconds: asked.nanoseconds &- settleNanoseconds)
    letGo(until: settled, &outlet)
    if left == 0 { outlet.shared.pointee.note(completeUntil: settled) }
    if ready > 0 { MonotonicClock.sleep(until: now + Self.pause) }
  }

  private var settleNanoseconds: UInt64 { UInt64(EdgeSorter.settle.nanoseconds) }

  private mutating func open(_ outlet: inout EdgeOutlet) {
    let now = MonotonicClock.now()
    let remaining = backOff.remaining(at: now)
    guard remaining == .milliseconds(0) else {
      return MonotonicClock.sleep(until: now + min(remaining, EdgeOutlet.patience))
    }
    do throws(GPIOError) {
      state = .open(try lines.watch(), since: now)
      outlet.shared.pointee.note(.open)
    } catch {
      backOff.failed(at: now)
      outlet.shared.pointee.note(.away, failure: error.reason)
    }
  }

  private mutating func lose(
    _ gpio: OpaquePointer, _ reason: Int32, _ since: Instant, _ now: Instant,
    _ outlet: inout EdgeOutlet
  ) {
    tg_gpio_close(gpio)
    state = .away
    backOff.lost(at: now, after: since)
    letGo(until: now, &outlet)
    outlet.emitGap(at: now)
    outlet.shared.pointee.note(.away, failure: reason)
  }

  /// Reads what the kernel has. Returns 0 when that was all, 1 when there may be more, or -errno.
  private mutating func drain(_ gpio: OpaquePointer, _ outlet: inout EdgeOutlet) -> Int {
    for _ in 0..<Self.batchesPerTurn {
      var events = batch.mutableSpan
      let read = events.withUnsafeMutableBufferPointer {
        tg_gpio_read(gpio, $0.baseAddress, $0.count)
      }
      guard read > 0 else { return read }
      for index in 0..<min(read, batch.count) { take(batch[index], &outlet) }
      wipeBatch()
    }
    return 1
  }

  private mutating func take(_ event: tg_gpio_event, _ outlet: inout EdgeOutlet) {
    if sorter.isFull { outlet.emit(sorter.removeFirst()) }
    let at = Instant(nanoseconds: event.nanoseconds)
    let role = table[event.line]
    if let role, event.kind != UInt8(TG_GPIO_GAP) {
      let rises = event.kind == UInt8(TG_GPIO_RISING)
      sorter.insert(StripeEdge(at: at, track: role.track, signal: role.signal, isHigh: rises))
    } else {
      sorter.insert(StripeEdge(at: at, track: role?.track ?? 0, signal: .gap))
    }
  }

  private mutating func letGo(until horizon: Instant, _ outlet: inout EdgeOutlet) {
    while let edge = sorter.next(until: horizon) { outlet.emit(edge) }
  }

  private mutating func wipeBatch() {
    var events = batch.mutableSpan
    events.withUnsafeMutableBytes { tg_wipe($0.baseAddress, $0.count) }
  }
}
