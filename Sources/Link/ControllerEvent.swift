// What the controller's end of the link tells the tick loop, and what it counts.

import Octets

public enum ControllerEvent: Equatable, Sendable {
  case sessionStarted
  /// A new payment request; `answer` must be called for it.
  case payment(PaymentRequest)
  /// To be answered each time it comes.
  case abort(Reference)
  /// To be answered each time it comes.
  case outcome(OutcomeReport)
  /// To be answered each time it comes.
  case choice(Choice)
  /// To be answered each time it comes, by `send(.totals)`.
  case totals(TotalsRequest)
  /// To be answered each time it comes, by `send(.diagnosis)`.
  case diagnosis
  /// To be answered each time it comes, by `sendCode` or a refusal. The template can be looked at
  /// with `withMessage` until the next event.
  case code(CodeRequest)
  /// To be answered each time it comes, by `send(.transactionStatus)` and, when processed,
  /// `sendCopy`.
  case transactionStatus(Reference)
  /// The register's clock, when it knows the time.
  case time(unixMilliseconds: UInt64)
  /// The register vouches for all records below `size`, whose tree has `root`. Whether the log
  /// agrees is told by `judged`.
  case witness(size: UInt64, root: Digest)
  /// Record `index`, which was lost here, came back: `withReturned` shows it until the next call,
  /// and `keepReturned` or `diverge` says what it is worth.
  case returned(index: UInt64)
  /// The register's records are no continuation of ours. An alarm; there will be no payment.
  case diverged
  /// Something about a pairing: see ControllerPairing.
  case pairing(PairingEvent)
}

/// Everything the link counts. `sessions.forged` is an alarm, the rest is diagnosis.
public struct LinkCounts: Equatable, Sendable {
  public var frames = FrameCounts()
  public var sessions = SessionCounts()
  public var pairings = PairingCounts()
  /// Authentic messages that could not be understood: another version, or a mistake there.
  public var malformed: UInt64 = 0
  /// Messages of ours that were not queued: no session, or too many at once.
  public var dropped: UInt64 = 0
  /// Acknowledgements of another origin, or of more than there is.
  public var wrongAcknowledgements: UInt64 = 0
  /// Records sent again.
  public var repeats: UInt64 = 0
}
