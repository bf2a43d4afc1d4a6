// Signals, and what systemd is told.

import CLinux
import Octets

/// A reason to stop or reload that came from outside.
public enum Signal: Int32, Sendable {
  case hangUp = 1
  case interrupt = 2
  case terminate = 15

  /// Holds the above back for `wait`, and ignores SIGPIPE. To be called before threads are started.
  public static func hold() { tg_signals_hold() }

  /// The next signal, or nil when `limit` has passed.
  public static func wait(upTo limit: Interval) -> Signal? {
    Signal(rawValue: tg_signal_wait(UInt64(max(limit.nanoseconds, 0))))
  }
}

/// systemd, or whoever speaks its protocol (sd_notify(3)). Does nothing when there is none.
public enum ServiceManager {
  /// How often it wants `alive`; nil for never.
  public static var watchdogPeriod: Interval? {
    let microseconds = tg_watchdog_microseconds()
    guard microseconds > 0, microseconds < 1 << 40 else { return nil }
    return .microseconds(Int64(microseconds))
  }

  public static func ready() { notify("READY=1") }
  public static func alive() { notify("WATCHDOG=1") }
  public static func stopping() { notify("STOPPING=1") }

  private static func notify(_ state: StaticString) {
    let text = UnsafeRawPointer(state.utf8Start).assumingMemoryBound(to: CChar.self)
    _ = tg_notify(text, state.utf8CodeUnitCount)
  }
}
