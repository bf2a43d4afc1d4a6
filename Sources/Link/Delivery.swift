// Which record to send when, until the register has it. Acknowledgements are cumulative and name
// what came early, so that a noisy line costs only what it damaged; time-outs follow the measured
// round trip. Nothing is ever given up.

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

  /// A record of the window.
  private enum Flight {
    /// To be sent.
    case waiting
    /// Under way. `serial` counts transmissions: a line keeps their order.
    case sent(at: Instant, serial: UInt64, isRepeat: Bool)
    /// The register has it, and waits for an earlier one.
    case early
  }

  /// All indexes below were acknowledged.
  public private(set) var acknowledged: UInt64
  /// One above the highest index ever sent: what is below is a repeat.
  private var everSent: UInt64
  private var flights = InlineArray<8, Flight>(repeating: .waiting)
  private var serial: UInt64 = 0
  private var roundTrip: RoundTrip
  /// Whether it is known what the register has: nothing is sent before.
  public private(set) var isActive = false
  /// Records that were sent again.
  public private(set) var repeats: UInt64 = 0

  /// `first` is the oldest index that is still to be delivered.
  public init(first: UInt64, frameTime: Interval) {
    acknowledged = first
    everSent = first
    roundTrip = RoundTrip(frameTime: frameTime)
  }

  /// How long to wait for an answer before sending again.
  public var timeout: Interval { roundTrip.timeout }

  /// The index to send now, when records below `end` exist.
  public mutating func due(now: Instant, end: UInt64) -> UInt64? {
    guard isActive else { return nil }
    if isOverdue(now: now) {
      roundTrip.lost()
      sendAgain { _ in true }
    }
    return firstWaiting(end: end)
  }

  /// Whether `index` is the one that comes next in order and the window has room.
  public func mayBeNext(_ index: UInt64, end: UInt64) -> Bool {
    isActive && firstWaiting(end: end) == index
  }

  private func firstWaiting(end: UInt64) -> UInt64? {
    for index in acknowledged..<windowEnd(end) {
      if case .waiting = flight(index) { return index }
    }
    return nil
  }

  private func windowEnd(_ end: UInt64) -> UInt64 {
    max(acknowledged, min(end, acknowledged + UInt64(Self.window)))
  }

  private func isOverdue(now: Instant) -> Bool {
    for place in 0..<Self.window {
      if case .sent(let at, _, _) = flights[place], now - at >= roundTrip.timeout { return true }
    }
    return false
  }

  /// Sends again what is under way and was sent as transmission number n with `isLost(n)`.
  private mutating func sendAgain(_ isLost: (UInt64) -> Bool) {
    for place in 0..<Self.window {
      if case .sent(_, let serial, _) = flights[place], isLost(serial) {
        flights[place] = .waiting
      }
    }
  }

  /// Notes that `index`, which `due` or `mayBeNext` named, has left the line at `time`.
  public mutating func note(sent index: UInt64, at time: Instant) {
    precondition(
      index >= acknowledged && index - acknowledged < UInt64(Self.window),
      "records are sent as this machine says")
    let isRepeat = index < everSent
    if isRepeat { repeats &+= 1 }
    flights[place(index)] = .sent(at: time, serial: serial, isRepeat: isRepeat)
    serial += 1
    everSent = max(everSent, index + 1)
  }

  /// Takes an acknowledgement of all below `size`, and of `size + n` for each bit n of `early`;
  /// false when it is news to nobody or of more than the `end` of what exists.
  public mutating func acknowledge(
    _ size: UInt64, early: UInt64? = nil, now: Instant, end: UInt64
  ) -> Bool {
    guard isActive, size >= acknowledged, size <= end else { return false }
    let isNews = size > acknowledged
    let newest = newestArrived(size, early: early ?? 0)
    measure(newest, now: now)
    for index in acknowledged..<min(size, acknowledged + UInt64(Self.window)) {
      flights[place(index)] = .waiting
    }
    acknowledged = size
    everSent = max(everSent, size)
    noteEarly(early ?? 0)
    if let newest {
      // The line keeps the order: what was sent before and has not come will not come.
      sendAgain { $0 < newest.serial }
    } else if early == nil, !isNews, let oldest = oldestSent,
      now - oldest >= roundTrip.usual
    {
      // Said again by a register that takes records in order only: what came after was dropped.
      sendAgain { _ in true }
    }
    return isNews
  }

  private struct Arrival {
    var at: Instant
    var serial: UInt64
    var isRepeat: Bool
  }

  /// Of what this acknowledgement first tells of, that which was sent last.
  private func newestArrived(_ size: UInt64, early: UInt64) -> Arrival? {
    var newest: Arrival?
    for index in acknowledged..<(acknowledged + UInt64(Self.window)) {
      let isThere = index < size || (index - size < 64 && early >> (index - size) & 1 == 1)
      guard isThere, case .sent(let at, let serial, let isRepeat) = flight(index) else { continue }
      if serial >= newest?.serial ?? 0 {
        newest = Arrival(at: at, serial: serial, isRepeat: isRepeat)
      }
    }
    return newest
  }

  private mutating func measure(_ arrival: Arrival?, now: Instant) {
    guard let arrival else { return }
    if arrival.isRepeat {
      roundTrip.recovered()
    } else {
      roundTrip.measure(now - arrival.at)
    }
  }

  private mutating func noteEarly(_ early: UInt64) {
    for bit in 0..<UInt64(Self.window) where early >> bit & 1 == 1 {
      let index = acknowledged + bit
      if index < everSent { flights[place(index)] = .early }
    }
  }

  private var oldestSent: Instant? {
    if case .sent(let at, _, _) = flight(acknowledged) { at } else { nil }
  }

  /// Nothing is sent until it is known what the register has.
  public mutating func suspend() { isActive = false }

  /// The register has all below `size`: everything else goes out, once more where it was sent
  /// before.
  public mutating func resume(at size: UInt64) {
    acknowledged = size
    flights = InlineArray(repeating: .waiting)
    roundTrip.recovered()
    isActive = true
  }

  private func place(_ index: UInt64) -> Int { Int(index % UInt64(Self.window)) }

  private func flight(_ index: UInt64) -> Flight { flights[place(index)] }
}
