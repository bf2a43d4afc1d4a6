// What the customer is paying right now: the request, what the tip made of it, and which ways to
// pay are left after what has failed.

import Link
import Octets

/// One request while it is open.
public struct Order: Equatable, Sendable {
  public let request: PaymentRequest
  /// In minor units.
  public private(set) var tip: UInt64 = 0
  /// Ways to pay that are still open.
  public private(set) var methods: Methods
  /// Unreadable swipes in a row.
  private var badSwipes = 0
  private var hasTapFailed = false
  /// The register gave up while the outcome of a card waited for its slot.
  var isAborted = false

  /// From this many unreadable swipes on the customer is asked for another card.
  static let mostBadSwipes = 3

  init(_ request: PaymentRequest, ready: Methods) {
    self.request = request
    methods = request.methods.common(with: ready)
    // Checked when the message was read: no overflow.
    add(tip: request.tip?.value(of: request.amount) ?? 0)
  }

  public var reference: Reference { request.reference }
  /// What the customer pays, in minor units: the amount and the tip.
  public var total: UInt64 { request.amount + tip }

  /// Whether the stripe of a card with a chip is not taken (now).
  public var refusesChipStripe: Bool {
    switch request.chipPolicy {
    case .accept: false
    case .acceptAfterFailedTap: !hasTapFailed
    case .refuse: true
    }
  }

  /// Takes a tip that keeps the total representable and closes what is now above a limit.
  mutating func add(tip: UInt64) {
    self.tip = min(tip, .max - request.amount)
    methods = request.limits.allowed(methods, for: total)
  }

  /// What the customer is asked for: a stripe is the last resort (EMV's order), so only where
  /// nothing else is left the prompt says so.
  var invitation: Prompt { Self.invitation(to: methods) }

  private static func invitation(to methods: Methods) -> Prompt {
    if methods == Methods(.magneticStripe) { return .insertOrSwipe }
    return methods == Methods(.walletCode) ? .showCode : .presentCard
  }

  /// Takes a failure and names what the customer is told next.
  mutating func note(_ failure: Failure, of method: Method) -> Prompt {
    switch method {
    case .magneticStripe: if failure.reason == .cardNotReadable { badSwipes += 1 }
    case .contactless: hasTapFailed = true
    case .walletCode: break
    }
    if failure.reason == .cardBlocked, method == .walletCode { return .codeUsed }
    switch failure.remedy {
    case .again:
      return badSwipes >= Self.mostBadSwipes && method == .magneticStripe
        ? .tryAnotherCard : .presentCardAgain
    case .otherCard: return .tryAnotherCard
    case .seePhone: return .seePhone
    case .oneCardOnly: return .oneCardOnly
    case .declined: return .notAuthorised
    case .otherMethod:
      let others = methods.without(method)
      // A head is not closed: the next card may well be swiped.
      if method != .magneticStripe { methods = others }
      if others.isEmpty { return .tryAnotherCard }
      return method != .magneticStripe && others.contains(.magneticStripe)
        ? .insertOrSwipe : Self.invitation(to: others)
    }
  }
}

/// Why a card could not be taken and what helps.
public struct Failure: Equatable, Sendable, BitwiseCopyable {
  public enum Remedy: UInt8, Sendable, BitwiseCopyable {
    /// The same once more.
    case again
    case otherCard
    /// This card cannot be read this way (EMV: another interface): the customer is led to the other
    /// ways, and the reader is closed for the transaction.
    case otherMethod
    /// The phone wants something first.
    case seePhone
    case oneCardOnly
    /// The card itself declines.
    case declined
  }

  public var reason: Reason
  public var remedy: Remedy

  public init(_ reason: Reason, _ remedy: Remedy = .again) {
    self.reason = reason
    self.remedy = remedy
  }
}

/// How an order ended: what the closing record and the last event say.
public struct Closing: Equatable, Sendable {
  public var order: Order
  public var outcome: Outcome
  public var reason: Reason
  /// What was approved; the total where nothing was.
  public var amount: UInt64
  /// How the card was presented, and its record; nil without a card.
  public var capture: Capture?
  public var approval: Label?
}

/// A card that was read for an order.
public struct Capture: Equatable, Sendable, BitwiseCopyable {
  public var method: Method
  /// Index of its record.
  public var index: UInt64

  public init(method: Method, index: UInt64) {
    self.method = method
    self.index = index
  }
}
