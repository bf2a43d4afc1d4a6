// Which record to send when, until the register has it. Records go out in order and are taken in
// order; acknowledgements are cumulative; time-outs follow the measured round trip. Nothing is ever
// given up.

import Octets

/// The measured round trip and the time-out it gives: smoothed time plus four times its variation
/// (RFC 6298 section 2), at least two frame times, at most five seconds, doubled on loss.
public struct RoundTrip: Sendable {
  static let first = Interval.milliseconds(500)
  static let most = Interval.seconds(5)

  private let least: Interval
  private var smoothed: Interval?
  private var variation = Interval(nanoseconds: 0)
  private var doublings = 0

  public init(frameTime: Interval) {
    least = min(Interval(nanoseconds: frameTime.nanoseconds * 2), Self.most)
  }

  /// Takes the round trip of something that was sent once (Karn's rule).
  public mutating func measure(_ sample: Interval) {
    guard sample.nanoseconds >= 0, sample < .seconds(60) else { return }
    doublings = 0
    guard let old = smoothed else {
      smoothed = sample
      variation = Interval(nanoseconds: sample.nanoseconds / 2)
      return
    }
    let error = sample.nanoseconds - old.nanoseconds
    smoothed = Interval(nanoseconds: old.nanoseconds + error / 8)
    let change = abs(error) - variation.nanoseconds
    variation = Interval(nanoseconds: variation.nanoseconds + change / 4)
  }

  public mutating func lost() { if doublings < 8 { doublings += 1 } }
  public mutating func recovered() { doublings = 0 }

  /// How long to wait for an answer before sending again.
  public var timeout: Interval {
    let base =
      smoothed.map { Interval(nanoseconds: $0.nanoseconds + 4 * variation.nanoseconds) }
      ?? Self.first
    let raised = max(base, least)
    return min(Interval(nanoseconds: raised.nanoseconds << doublings), Self.most)
  }

  /// One round trip as measured, or the first guess.
  var usual: Interval { max(smoothed ?? Self.first, least) }
}

/// Decides which index to send next.
public struct Delivery: Sendable {
  /// Records that may be on their way at once.
  public static let window = 8

  private struct Flight {
    var sentAt = Instant(nanoseconds: 0)
    var isRepeat = false
  }

  /// All indexes below were acknowledged.
  public private(set) var acknowledged: UInt64
  /// All indexes below were sent and are waited for.
  private var sent: UInt64
  /// One above the highest index ever sent: what is below is a repeat.
  private var everSent: UInt64
  private var flights = InlineArray<8, Flight>(repeating: Flight())
  private var roundTrip: RoundTrip
  /// Records that were sent again.
  public private(set) var repeats: UInt64 = 0

  /// `first` is the oldest index that is still to be delivered.
  public init(first: UInt64, frameTime: Interval) {
    acknowledged = first
    sent = first
    everSent = first
    roundTrip = RoundTrip(frameTime: frameTime)
  }

  /// The index to send now, when records below `end` exist.
  public mutating func due(now: Instant, end: UInt64) -> UInt64? {
    if sent > acknowledged, now - flight(acknowledged).sentAt >= roundTrip.timeout {
      roundTrip.lost()
      sent = acknowledged
    }
    return mayBeNext(sent, end: end) ? sent : nil
  }

  /// Whether `index` is the one that comes next in order and the window has room.
  public func mayBeNext(_ index: UInt64, end: UInt64) -> Bool {
    index == sent && index < end && index - acknowledged < UInt64(Self.window)
  }

  /// Notes that `index`, which `due` or `mayBeNext` named, has left the line at `time`.
  public mutating func note(sent index: UInt64, at time: Instant) {
    precondition(index == sent, "records are sent in the order this machine says")
    let isRepeat = index < everSent
    if isRepeat { repeats &+= 1 }
    flights[Int(index % UInt64(Self.window))] = Flight(sentAt: time, isRepeat: isRepeat)
    sent = index + 1
    everSent = max(everSent, sent)
  }

  /// Takes an acknowledgement of all below `size`; false when that is news to nobody or more than
  /// the `end` of what exists.
  public mutating func acknowledge(_ size: UInt64, now: Instant, end: UInt64) -> Bool {
    guard size >= acknowledged, size <= end else { return false }
    guard size > acknowledged else {
      // Said again: what came after it was lost. Not before its answer could have come, though.
      if sent > acknowledged, now - flight(acknowledged).sentAt >= roundTrip.usual {
        sent = acknowledged
      }
      return false
    }
    if size <= sent, !flight(size - 1).isRepeat {
      roundTrip.measure(now - flight(size - 1).sentAt)
    } else {
      roundTrip.recovered()
    }
    acknowledged = size
    sent = max(sent, size)
    everSent = max(everSent, size)
    return true
  }

  /// Sends everything unacknowledged again, as at the start of a session.
  public mutating func restart() {
    sent = acknowledged
    roundTrip.recovered()
  }

  private func flight(_ index: UInt64) -> Flight {
    flights[Int(index % UInt64(Self.window))]
  }
}
