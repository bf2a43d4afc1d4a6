// One request of the register's, repeated until it is answered.

import Link
import Octets

struct Request {
  private enum Phase {
    case idle
    /// To be sent at once.
    case fresh
    /// Sent at `sentAt`; sent again at `next`.
    case sent(sentAt: Instant, next: Instant, isRepeat: Bool)
    /// Answered: processed. This record is still to come; asked again at `next`.
    case promised(Origin, index: UInt64, next: Instant?)
  }

  private var message = RegisterMessage.time(unixMilliseconds: 0)
  private var reference: Reference?
  private var phase = Phase.idle

  mutating func begin(_ message: RegisterMessage, reference: Reference?) {
    self.message = message
    self.reference = reference
    phase = .fresh
  }

  mutating func end() { phase = .idle }

  /// Asks again at once, in a new session.
  mutating func renew() {
    switch phase {
    case .idle: break
    case .fresh, .sent, .promised: phase = .fresh
    }
  }

  var isPending: Bool {
    switch phase {
    case .idle: false
    case .fresh, .sent, .promised: true
    }
  }

  func isPending(_ reference: Reference) -> Bool { isPending && self.reference == reference }

  /// Whether it is about what `other`, which has no answer yet, asks for.
  func mustWait(for other: Request) -> Bool { reference.map { other.isPending($0) } ?? false }

  /// The message, when it is due.
  mutating func due(
    now: Instant, _ roundTrip: inout RoundTrip, _ repeats: inout UInt64
  ) -> RegisterMessage? {
    switch phase {
    case .idle: return nil
    case .fresh:
      phase = .sent(sentAt: now, next: now + roundTrip.timeout, isRepeat: false)
    case .sent(_, let next, _):
      guard now >= next else { return nil }
      roundTrip.lost()
      repeats &+= 1
      phase = .sent(sentAt: now, next: now + roundTrip.timeout, isRepeat: true)
    case .promised(let origin, let index, let next):
      guard let next else {
        phase = .promised(origin, index: index, next: now + roundTrip.timeout)
        return nil
      }
      guard now >= next else { return nil }
      repeats &+= 1
      phase = .sent(sentAt: now, next: now + roundTrip.timeout, isRepeat: true)
    }
    return message
  }

  /// When `due` has something to do next; the end of time when nothing is asked.
  func nextDeadline(now: Instant) -> Instant {
    switch phase {
    case .idle: .distantFuture
    case .fresh: now
    case .sent(_, let next, _): next
    case .promised(_, _, let next): next ?? now
    }
  }

  /// The answer came: the end, and a measured round trip if it was asked once.
  mutating func answered(_ roundTrip: inout RoundTrip, now: Instant) {
    if case .sent(let sentAt, _, let isRepeat) = phase {
      if isRepeat { roundTrip.recovered() } else { roundTrip.measure(now - sentAt) }
    }
    phase = .idle
  }

  /// Takes an answer; whether it was waited for.
  mutating func take(
    _ response: Response, _ roundTrip: inout RoundTrip, now: Instant
  ) -> Bool {
    guard isPending(response.reference) else { return false }
    answered(&roundTrip, now: now)
    return true
  }

  /// The answer promised a record.
  mutating func await(_ origin: Origin, _ index: UInt64) {
    phase = .promised(origin, index: index, next: nil)
  }

  func awaits(_ origin: Origin?, _ index: UInt64) -> Bool {
    if case .promised(let awaited, index, _) = phase { return awaited == origin }
    return false
  }
}

extension RegisterMessage {
  /// Seals the message; false when there is no session.
  func send(
    in session: inout Session, now: Instant, into frame: inout WireFrame
  ) -> Bool {
    var plain = MessageBytes()
    do throws(Overflow) {
      try encode(into: &plain)
      return try plain.withBytes { (bytes) throws(Overflow) in
        try session.seal(bytes, now: now, into: &frame)
      }
    } catch { preconditionFailure("requests are below 300 bytes") }
  }
}
