// What register and controller tell each other while a transaction goes on, and how it ended.

import Octets

/// How the authorisation ended, as the register knows it. The controller never approves.
public struct OutcomeReport: Equatable, Sendable {
  public var reference: Reference
  /// One that `isReportable`.
  public var outcome: Outcome
  /// Why it was declined or failed.
  public var reason: Reason
  /// What was approved, in minor units; mandatory when partly approved.
  public var amount: UInt64?
  /// The acquirer's code.
  public var approval: Label?
  /// Whether the customer is to sign.
  public var needsSignature = false

  public init(
    _ outcome: Outcome, _ reference: Reference, reason: Reason = .none, amount: UInt64? = nil,
    approval: Label? = nil
  ) {
    self.reference = reference
    self.outcome = outcome
    self.reason = reason
    self.amount = amount
    self.approval = approval
  }

  func validate() throws(MessageError) {
    guard outcome.isReportable else { throw .outOfRange(key: 2) }
    if outcome == .partlyApproved, amount == nil { throw .missing(key: 4) }
    if amount != nil, !outcome.isGood { throw .outOfRange(key: 4) }
  }
}

/// The tip that the customer chose, in minor units; 0 for none.
public struct Choice: Equatable, Sendable {
  public var reference: Reference
  public var tip: UInt64

  public init(_ reference: Reference, tip: UInt64) {
    self.reference = reference
    self.tip = tip
  }
}

/// A step of a transaction, or news of the device.
public struct Event: Equatable, Sendable {
  /// Nil when it belongs to no transaction.
  public var reference: Reference?
  public var kind: EventKind
  public var reason: Reason
  /// Milliseconds since 1970, nil while the controller does not know the time.
  public var unixMilliseconds: UInt64?
  /// Whether the transaction has ended: nothing else will come for it but its records.
  public var isFinal: Bool
  /// What the customer is told.
  public var prompt: Prompt?
  /// When it was, on the controller's monotonic clock.
  public var uptimeMilliseconds: UInt64?
  /// Which methods are awaited, or the one that it is about.
  public var methods: Methods?
  /// How the transaction ended, when it has.
  public var outcome: Outcome?
  /// What the customer pays, tip included; at the end what was approved.
  public var amount: UInt64?
  /// What the card or code asks the customer to be spoken to in; once, when it is known.
  public var language: LanguageCode?

  public init(
    _ kind: EventKind, reference: Reference?, reason: Reason = .none, prompt: Prompt? = nil,
    methods: Methods? = nil, unixMilliseconds: UInt64? = nil, isFinal: Bool = false
  ) {
    self.kind = kind
    self.reference = reference
    self.reason = reason
    self.unixMilliseconds = unixMilliseconds
    self.isFinal = isFinal
    self.prompt = prompt
    self.methods = methods
  }
}
