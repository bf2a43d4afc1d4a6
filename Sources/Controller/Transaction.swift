// The transaction machine: what becomes of a request, from the register's words to one final
// outcome. It knows neither clocks nor ports nor ways to read a card: time comes with each input,
// a reader says that a card is there, captured or failed, and what is to be done goes back as
// effects. docs/PROTOCOL.md section 6 has the states as a picture.

import Link
import Octets

/// One transaction at a time, and the memory of those before.
public struct Transaction {
  public enum Input {
    /// The register asks for a transaction.
    case request(PaymentRequest, Readiness)
    /// The customer chose a tip.
    case chosen(Choice)
    case abort(Reference)
    /// A card is at this reader: it has won, the other readers are stood down until it is through.
    case began(Method)
    /// The reader that has begun asks the customer for something.
    case prompted(Method, EventKind, Prompt)
    /// It read the card, and the sealed record `index` is to be released at `due`.
    case captured(Method, index: UInt64, due: Instant)
    /// It could not, which is told at `due`: as late as a good card would be.
    case failed(Method, Failure, due: Instant)
    /// The register knows how the authorisation ended.
    case reported(OutcomeReport)
    case tick
  }

  /// What is to be done, in the order of the fields.
  public struct Effects: Equatable {
    /// The slot that began at this time has come: hand over the record.
    public var release: Instant?
    /// Write the closing record, then call `wroteClosing`.
    public var close: Closing?
    public var response: Response?
    public var event: Event?
    public var nextEvent: Event?

    public static var none: Effects { Effects() }

    public init(
      release: Instant? = nil, close: Closing? = nil, response: Response? = nil,
      event: Event? = nil, nextEvent: Event? = nil
    ) {
      self.release = release
      self.close = close
      self.response = response
      self.event = event
      self.nextEvent = nextEvent
    }
  }

  enum State {
    /// No transaction is open.
    case idle
    /// The customer is choosing a tip.
    case choosing(Order, until: Instant)
    /// Waits for a card, whichever of the order's methods comes first, until its time is up.
    case armed(Order, until: Instant)
    /// A card is being read. The time runs out only when the reading does not end.
    case reading(Order, until: Instant, Method)
    /// The reading is over and its result waits for the slot. Too late to undo it.
    case holding(Order, until: Instant, Method, Verdict, due: Instant)
    /// The register is to report how it ended.
    case authorising(Order, Capture?, until: Instant)
  }

  enum Verdict {
    case captured(index: UInt64)
    case failed(Failure)
  }

  /// After this a reading that began in time and never ends is noise.
  static let longestReading = Interval.seconds(5)

  var state = State.idle
  var ended = EndedTransactions()
  var periods = Periods()

  public init() {}

  /// What is being paid.
  public var order: Order? {
    switch state {
    case .idle: nil
    case .choosing(let order, _), .armed(let order, _), .reading(let order, _, _),
      .holding(let order, _, _, _, _), .authorising(let order, _, _):
      order
    }
  }

  /// The order that a card at the reader for `method` would belong to now. Nil: the reader is stood
  /// down and forgets what it has.
  public func order(for method: Method) -> Order? {
    switch state {
    case .armed(let order, _): order.methods.contains(method) ? order : nil
    case .reading(let order, _, method): order
    case .idle, .choosing, .reading, .holding, .authorising: nil
    }
  }

  /// When the result that is held is due.
  public var due: Instant? {
    if case .holding(_, _, _, _, let due) = state { due } else { nil }
  }

  public var isArmed: Bool { if case .armed = state { true } else { false } }
  /// The method whose card is being read.
  public var reading: Method? { if case .reading(_, _, let method) = state { method } else { nil } }

  /// How the transaction with this reference stands.
  public func status(of reference: Reference, origin: Origin) -> TransactionStatus {
    if order?.reference == reference { return TransactionStatus(reference, .inProgress) }
    return switch ended.entry(reference)?.ending {
    case .captured(let index), .closed(_, .some(let index)):
      TransactionStatus(reference, .processed(origin: origin, index: index))
    case .failed(let reason): TransactionStatus(reference, .ended(reason))
    case .closed(_, nil): TransactionStatus(reference, .inProgress)
    case nil: TransactionStatus(reference, .notFound)
    }
  }

  /// The closing record of `reference` was written under this index.
  public mutating func wroteClosing(of reference: Reference, index: UInt64) {
    ended.note(closing: index, of: reference)
  }

  /// What was taken, by period.
  public mutating func totals(
    _ request: TotalsRequest, epoch: UInt64, now: Instant
  ) -> Totals {
    periods.answer(request, epoch: epoch, now: now)
  }

  public mutating func step(_ input: Input, now: Instant) -> Effects {
    switch input {
    case .request(let request, let readiness): take(request, readiness, now: now)
    case .chosen(let choice): take(choice, now: now)
    case .abort(let reference): abort(reference)
    case .began(let method): begin(method)
    case .prompted(let method, let kind, let prompt): tell(kind, prompt, of: method)
    case .captured(let method, let index, let due): hold(method, .captured(index: index), due: due)
    case .failed(let method, let failure, let due): hold(method, .failed(failure), due: due)
    case .reported(let report): take(report)
    case .tick: tick(now: now)
    }
  }
}
