// The transaction machine: what becomes of a payment request, from the register's words to one
// final outcome. It knows neither clocks nor ports: time comes with each input, and what is to be
// done goes back as an action.

import Link
import Octets

/// One payment at a time, and the memory of those before.
public struct Transaction {
  public enum Input {
    /// The register asks for a payment; `obstacle` says why none could be taken now.
    case payment(PaymentRequest, obstacle: Reason)
    case abort(Reference)
    /// Edges arrive at the head.
    case cardMoves
    /// A swipe was read, encrypted and sealed as record `index`, to be released at `due`.
    case captured(index: UInt64, due: Instant)
    /// A swipe could not be read, which is told at `due`: as late as a good one would be.
    case unreadable(Reason, due: Instant)
    case tick
  }

  public enum Action: Equatable {
    case none
    case respond(Response)
    /// A payment was accepted: respond, and tell that a card is awaited.
    case arm(Response, Event)
    case tell(Event)
    /// A payment was abandoned: respond, and tell the end.
    case abandon(Response, Event)
    /// The slot, which began at `due`, has come: hand over the record, then tell the end.
    case release(due: Instant, Event)
  }

  private enum State {
    /// No payment is open.
    case idle
    /// A payment waits for a card until its time is up.
    case armed(PaymentRequest, until: Instant)
    /// A card moves. The time runs out only when the swipe does not end.
    case reading(PaymentRequest, until: Instant)
    /// The swipe is over and its outcome waits for the slot. Too late to abandon it.
    case holding(PaymentRequest, until: Instant, Verdict, due: Instant)
  }

  private enum Verdict {
    case captured(index: UInt64)
    case unreadable(Reason)
  }

  /// After this a swipe that began in time and never ends is noise.
  static let longestSwipe = Interval.seconds(5)

  private var state = State.idle
  private var ended = EndedTransactions()

  public init() {}

  /// The payment that a swipe would belong to now.
  public var awaitingCard: PaymentRequest? {
    switch state {
    case .armed(let payment, _), .reading(let payment, _): payment
    case .idle, .holding: nil
    }
  }

  /// When the outcome that is held is due.
  public var due: Instant? {
    if case .holding(_, _, _, let due) = state { due } else { nil }
  }

  public var isReading: Bool { if case .reading = state { true } else { false } }

  private var open: PaymentRequest? {
    switch state {
    case .idle: nil
    case .armed(let payment, _), .reading(let payment, _), .holding(let payment, _, _, _): payment
    }
  }

  /// How the payment with this reference stands.
  public func status(of reference: Reference, origin: Origin) -> TransactionStatus {
    if open?.reference == reference { return TransactionStatus(reference, .inProgress) }
    return switch ended.outcome(of: reference) {
    case .captured(let index):
      TransactionStatus(reference, .processed(origin: origin, index: index))
    case .failed(let reason): TransactionStatus(reference, .ended(reason))
    case nil: TransactionStatus(reference, .notFound)
    }
  }

  public mutating func step(_ input: Input, now: Instant) -> Action {
    switch input {
    case .payment(let payment, let obstacle): request(payment, obstacle: obstacle, now: now)
    case .abort(let reference): abort(reference)
    case .cardMoves: cardMoves()
    case .captured(let index, let due): hold(.captured(index: index), due: due)
    case .unreadable(let reason, let due): hold(.unreadable(reason), due: due)
    case .tick: tick(now: now)
    }
  }

  private mutating func request(
    _ payment: PaymentRequest, obstacle: Reason, now: Instant
  ) -> Action {
    let reference = payment.reference
    // A reference names one payment for ever: asking for it again must not charge a card twice. (A
    // request repeated because its answer was lost never gets here: the link repeats the answer.)
    if open?.reference == reference || ended.outcome(of: reference) != nil {
      return refuse(payment, .notPossible)
    }
    guard open == nil else { return refuse(payment, .pleaseWait) }
    guard payment.methods.contains(.magneticStripe) else {
      return refuse(payment, .methodNotSupported)
    }
    guard obstacle == .none else { return refuse(payment, obstacle) }
    state = .armed(payment, until: now + .seconds(Int64(payment.timeoutSeconds)))
    return .arm(
      Response(to: .payment, reference, isAccepted: true),
      Event(.waitingForCard, reference: reference))
  }

  private func refuse(_ payment: PaymentRequest, _ reason: Reason) -> Action {
    .respond(Response(to: .payment, payment.reference, isAccepted: false, reason: reason))
  }

  private mutating func abort(_ reference: Reference) -> Action {
    switch state {
    case .armed(let payment, _) where payment.reference == reference,
      .reading(let payment, _) where payment.reference == reference:
      end(payment, .failed(.aborted))
      return .abandon(
        Response(to: .abort, reference, isAccepted: true),
        Event(.aborted, reference: reference, reason: .aborted, isFinal: true))
    case .idle, .armed, .reading, .holding:
      // Already ended that way: the answer was lost on the line.
      let isAborted = ended.outcome(of: reference) == .failed(.aborted)
      return .respond(
        Response(
          to: .abort, reference, isAccepted: isAborted, reason: isAborted ? .none : .notPossible))
    }
  }

  private mutating func cardMoves() -> Action {
    guard case .armed(let payment, let until) = state else { return .none }
    state = .reading(payment, until: until)
    return .tell(Event(.reading, reference: payment.reference))
  }

  private mutating func hold(_ verdict: Verdict, due: Instant) -> Action {
    switch state {
    case .armed(let payment, let until), .reading(let payment, let until):
      state = .holding(payment, until: until, verdict, due: due)
    case .idle, .holding:
      preconditionFailure("the loop reads a swipe only while a payment awaits a card")
    }
    return .none
  }

  private mutating func tick(now: Instant) -> Action {
    switch state {
    case .idle: return .none
    case .armed(let payment, let until):
      return now >= until ? timeOut(payment) : .none
    case .reading(let payment, let until):
      return now >= until + Self.longestSwipe ? timeOut(payment) : .none
    case .holding(let payment, let until, let verdict, let due):
      guard now >= due else { return .none }
      return decide(verdict, payment, until: until, due: due)
    }
  }

  private mutating func timeOut(_ payment: PaymentRequest) -> Action {
    end(payment, .failed(.aborted))
    return .tell(
      Event(.timedOut, reference: payment.reference, reason: .aborted, isFinal: true))
  }

  private mutating func decide(
    _ verdict: Verdict, _ payment: PaymentRequest, until: Instant, due: Instant
  ) -> Action {
    switch verdict {
    case .captured(let index):
      end(payment, .captured(index: index))
      return .release(
        due: due, Event(.captured, reference: payment.reference, isFinal: true))
    case .unreadable(let reason):
      // The customer may swipe again until the time is up.
      state = .armed(payment, until: until)
      return .tell(Event(.cardNotReadable, reference: payment.reference, reason: reason))
    }
  }

  private mutating func end(_ payment: PaymentRequest, _ outcome: EndedTransactions.Outcome) {
    ended.remember(payment.reference, outcome)
    state = .idle
  }
}

/// How the last payments ended, for registers that ask again.
struct EndedTransactions {
  enum Outcome: Equatable {
    case captured(index: UInt64)
    case failed(Reason)
  }

  /// Payments that are remembered: more than a register can have unanswered.
  static let capacity = 64

  private struct Entry {
    var reference: Reference
    var outcome: Outcome
  }

  private var entries = InlineArray<64, Entry?>(repeating: nil)
  private var next = 0

  mutating func remember(_ reference: Reference, _ outcome: Outcome) {
    entries[next] = Entry(reference: reference, outcome: outcome)
    next = (next + 1) % Self.capacity
  }

  func outcome(of reference: Reference) -> Outcome? {
    for index in 0..<Self.capacity {
      if let entry = entries[index], entry.reference == reference { return entry.outcome }
    }
    return nil
  }
}
