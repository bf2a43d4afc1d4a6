// When the line is free: a frame is handed over only after the one before has left, so that
// whatever turns urgent waits behind one frame at most.

import Octets

public struct LineClock: Sendable {
  /// The next frame may be handed over when the one before needs less than this: a tick, so that
  /// the line does not stand still until the next one.
  static let lead = Interval.milliseconds(1)

  private let byteTime: Interval
  private var freeAt: Instant

  /// `byteTime` is ten bit times on a UART.
  public init(byteTime: Interval, now: Instant) {
    self.byteTime = byteTime
    freeAt = now
  }

  public var frameTime: Interval {
    Interval(nanoseconds: byteTime.nanoseconds * Int64(LinkLimits.frame))
  }

  public func isFree(now: Instant) -> Bool { now + Self.lead >= freeAt }

  /// The first moment from `time` on at which the line is free.
  public func whenFree(after time: Instant) -> Instant {
    isFree(now: time) ? time : freeAt + Interval(nanoseconds: -Self.lead.nanoseconds)
  }

  /// Takes the line for `count` bytes; the time at which the last one will have left.
  public mutating func occupy(_ count: Int, now: Instant) -> Instant {
    freeAt = max(freeAt, now) + Interval(nanoseconds: byteTime.nanoseconds * Int64(count))
    return freeAt
  }
}
