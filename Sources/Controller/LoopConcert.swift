// The loop's port for an older till that speaks Concert's protocol E+: its requests become
// transactions like the register's, under references of our own, and it is told how they ended. The
// register stays who keeps records and reports outcomes: the till's line proves nothing to anyone.

import Concert
import Link
import Octets

/// What a till that speaks Concert may ask for and is told.
public struct ConcertSettings: Equatable, Sendable, BitwiseCopyable {
  /// What the till is told is accepted.
  public enum Acceptance: UInt8, Sendable, BitwiseCopyable {
    /// What the register reported as approved.
    case approved = 0
    /// What was captured: somebody else answers for the authorisation.
    case captured = 1
  }

  public var acceptance: Acceptance
  public var parity = ConcertParity.none
  /// How long a card is waited for, 1 to 3600 seconds.
  public var cardSeconds: UInt16
  /// How long the register may take to report, 1 to 600 seconds.
  public var outcomeSeconds: UInt16

  public init(acceptance: Acceptance, cardSeconds: UInt16, outcomeSeconds: UInt16) {
    self.acceptance = acceptance
    self.cardSeconds = cardSeconds
    self.outcomeSeconds = outcomeSeconds
  }
}

/// The till's end in the loop.
struct ConcertTill: ~Copyable {
  var terminal: ConcertTerminal
  /// The till's transaction that is open.
  fileprivate(set) var reference: Reference?
  /// Counts the till's requests, for their names.
  private var count: UInt64 = 0
  /// The masked number of the card that was captured for it.
  fileprivate var shown = Bytes<19>()

  init(_ settings: ConcertSettings?) {
    terminal = ConcertTerminal(parity: settings?.parity ?? .none)
  }

  /// A name that no other request has: the epoch counts the controller's starts.
  fileprivate mutating func nameRequest(epoch: UInt32) -> Reference {
    count += 1
    var text = Bytes<32>()
    do throws(Overflow) {
      try text.append("CONCERT-")
      try text.appendDecimal(UInt64(epoch), places: 0)
      try text.append("-")
      try text.appendDecimal(count, places: 0)
    } catch { preconditionFailure("ten digits and, for as long as a clock runs, thirteen") }
    guard let reference = text.withBytes({ Reference($0) }) else {
      preconditionFailure("digits and hyphens are printable")
    }
    return reference
  }

  fileprivate mutating func begin(_ reference: Reference) {
    self.reference = reference
    shown.removeAll()
  }

  mutating func answer(_ result: ConcertResult, now: Instant) {
    reference = nil
    shown.withBytes { terminal.answer(result, report: $0, now: now) }
  }
}

extension Loop where B: ~Copyable {
  mutating func tendConcert(now: Instant) {
    guard attachments.concert != nil else { return }
    switch board.portChange(of: .concert) {
    case .none: break
    case .cameUp, .wentDown: concert.terminal.restart()
    }
    received.removeAll()
    board.receive(from: .concert, into: &received)
    var offset = 0
    while let event = received.withBytes({
      concert.terminal.receive($0, from: &offset, now: now)
    }) {
      take(event, now: now)
    }
    if let event = concert.terminal.tick(now: now) { take(event, now: now) }
    let count = concert.terminal.withOutput { $0.isEmpty ? 0 : board.send($0, to: .concert) }
    concert.terminal.sent(count)
  }

  private mutating func take(_ event: ConcertTerminal.Event, now: Instant) {
    switch event {
    case .requested(let asked): pay(asked, now: now)
    case .refused:
      board.report(
        Occurrence(
          at: now, code: .tillRefused, detail: UInt16(Reason.protocolError.rawValue)))
    case .answered: break
    case .unanswered: board.report(Occurrence(at: now, code: .tillGone))
    }
  }

  private mutating func pay(_ asked: ConcertRequest, now: Instant) {
    let request = transactionRequest(asked)
    var effects = transaction.step(.request(request, readiness(for: request)), now: now)
    let response = effects.response
    effects.response = nil
    guard let response, response.isAccepted else {
      let reason = response?.reason ?? .processingError
      board.report(Occurrence(at: now, code: .tillRefused, detail: UInt16(reason.rawValue)))
      let nothing = Bytes<1>()
      return nothing.withBytes { concert.terminal.answer(.refused, report: $0, now: now) }
    }
    concert.begin(request.reference)
    board.report(Occurrence(at: now, code: .armed))
    perform(effects, now: now)
  }

  private mutating func transactionRequest(_ asked: ConcertRequest) -> PaymentRequest {
    guard let settings = attachments.concert else {
      preconditionFailure("a board without the port receives nothing on it")
    }
    var request = PaymentRequest(
      reference: concert.nameRequest(epoch: terminal.epoch), amount: asked.amount,
      currency: asked.currency, exponent: Currency.exponent(asked.currency),
      timeoutSeconds: settings.cardSeconds, methods: supportedMethods)
    request.kind = asked.kind == .refund ? .refund : .sale
    if settings.acceptance == .approved { request.outcomeSeconds = settings.outcomeSeconds }
    return request
  }

  /// Keeps what the till may know of the card that was just read.
  mutating func noteForTill() {
    guard let reference = concert.reference, transaction.order?.reference == reference else {
      return
    }
    reading.masked.withBytes { concert.shown.set($0) }
  }

  /// The end of a transaction that a till may wait for.
  mutating func tellTill(_ event: Event, now: Instant) {
    guard event.isFinal, let reference = concert.reference, event.reference == reference else {
      return
    }
    concert.answer(
      attachments.concert?.acceptance.result(of: event.outcome) ?? .unverified, now: now)
  }
}

extension ConcertSettings.Acceptance {
  /// A till has no word for a part of the amount: money has moved, but not what it asked for.
  fileprivate func result(of outcome: Outcome?) -> ConcertResult {
    switch outcome {
    case .captured: self == .captured ? .accepted : .unverified
    case .approved: .accepted
    case .partlyApproved, .notReported, nil: .unverified
    case .declined, .aborted, .timedOut, .failed: .refused
    }
  }
}
