// What a register asks for: one request for every kind of transaction, after nexo's PaymentRequest.

import Octets

/// What is asked for (nexo's services). A controller refuses others: money is not moved on a guess.
public enum TransactionKind: UInt8, Sendable, BitwiseCopyable {
  case sale = 1
  case refund = 2
  /// Undoes `original` as if it had never been.
  case reversal = 3
  /// Only reads a card.
  case cardAcquisition = 4
  /// Opens a tab: the amount is reserved, not taken.
  case preAuthorisation = 5
  /// Closes the tab `original`.
  case completion = 6
}

/// A table, a check, an approval code.
public typealias Label = PrintableText<16>

/// Two lower-case letters of ISO 639-1.
public struct LanguageCode: Equatable, Sendable, BitwiseCopyable {
  private let first: UInt8
  private let second: UInt8

  public init?(_ letters: Span<UInt8>) {
    guard letters.count == 2 else { return nil }
    for index in letters.indices {
      guard (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letters[index]) else { return nil }
    }
    first = letters[0]
    second = letters[1]
  }

  public func withLetters<R, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
    let letters: InlineArray<2, UInt8> = [first, second]
    return try body(letters.span)
  }
}

/// The largest amount for each method; nil where there is no limit.
public struct MethodLimits: Equatable, Sendable, BitwiseCopyable {
  public var magneticStripe: UInt64?
  public var contactless: UInt64?
  public var walletCode: UInt64?

  public init() {}

  public subscript(method: Method) -> UInt64? {
    get {
      switch method {
      case .magneticStripe: magneticStripe
      case .contactless: contactless
      case .walletCode: walletCode
      }
    }
    set {
      switch method {
      case .magneticStripe: magneticStripe = newValue
      case .contactless: contactless = newValue
      case .walletCode: walletCode = newValue
      }
    }
  }

  /// Of `methods` those that may take `amount`.
  public func allowed(_ methods: Methods, for amount: UInt64) -> Methods {
    var left = methods
    for index in 0..<3 {
      guard let method = Method(rawValue: 1 << UInt16(index)), let most = self[method] else {
        continue
      }
      if amount > most { left = left.without(method) }
    }
    return left
  }
}

/// How a tip comes about.
public enum Tip: Equatable, Sendable, BitwiseCopyable {
  /// Minor units on top of the amount.
  case fixed(UInt64)
  /// Hundredths of a percent of the amount, rounded to the nearest minor unit, halves up.
  case hundredthsOfPercent(UInt16)
  /// The customer chooses on the register's or kiosk's screen, within so many seconds; after that
  /// there is none. (The controller has no keys to ask with.)
  case asked(seconds: UInt16)

  public static let mostHundredths: UInt16 = 10_000
  public static let longestSeconds: UInt16 = 600

  /// What it comes to on top of `amount`; 0 while it is still to be asked for. Nil on overflow.
  public func value(of amount: UInt64) -> UInt64? {
    switch self {
    case .fixed(let value): return value
    case .asked: return 0
    case .hundredthsOfPercent(let hundredths):
      let (high, low) = amount.multipliedFullWidth(by: UInt64(hundredths))
      guard high == 0, low <= .max - 5_000 else { return nil }
      return (low + 5_000) / 10_000
    }
  }
}

/// One part of a check that several people pay.
public struct CheckPart: Equatable, Sendable, BitwiseCopyable {
  /// From 1 …
  public var number: UInt8
  /// … to the number of all parts, at most 99.
  public var count: UInt8

  public init?(_ number: UInt8, of count: UInt8) {
    guard number >= 1, number <= count, count <= 99 else { return nil }
    self.number = number
    self.count = count
  }
}

/// What becomes of the stripe of a card whose service code says that it has a chip (2xx, 6xx).
public enum ChipPolicy: UInt8, Sendable, BitwiseCopyable {
  /// It is taken; the record states the service code.
  case accept = 0
  /// It is taken once a tap has failed in the same transaction.
  case acceptAfterFailedTap = 1
  case refuse = 2
}

/// A request for a transaction.
public struct PaymentRequest: Equatable, Sendable {
  public var reference: Reference
  /// In minor units of the currency, without the tip.
  public var amount: UInt64
  /// ISO 4217 numeric code, 0 to 999.
  public var currency: UInt16
  /// Decimal places of `amount`, 0 to 4: those of the currency.
  public var exponent: UInt8
  /// How long to wait for a card, 1 to 3600 seconds.
  public var timeoutSeconds: UInt16
  /// None only where no card is needed: `needsNoCard`.
  public var methods: Methods
  public var kind = TransactionKind.sale
  /// The transaction that a reversal or completion, perhaps a refund, is about.
  public var original: Reference?
  /// How long the register may take to report the outcome, 1 to 600 seconds. Nil: it reports none,
  /// the capture is the end, and there is no closing record.
  public var outcomeSeconds: UInt16?
  public var limits = MethodLimits()
  public var tip: Tip?
  public var table: Label?
  public var check: Label?
  public var part: CheckPart?
  public var chipPolicy = ChipPolicy.accept
  /// Whether events that only show progress are wanted.
  public var showsSteps = true
  /// What the customer reads.
  public var language: LanguageCode?

  public static let longestOutcomeSeconds: UInt16 = 600

  public init(
    reference: Reference, amount: UInt64, currency: UInt16, exponent: UInt8,
    timeoutSeconds: UInt16, methods: Methods
  ) {
    self.reference = reference
    self.amount = amount
    self.currency = currency
    self.exponent = exponent
    self.timeoutSeconds = timeoutSeconds
    self.methods = methods
  }

  /// Whether it goes without a card.
  public var needsNoCard: Bool { methods.isEmpty }

  /// What must hold between the keys; they are named as in the message.
  func validate() throws(MessageError) {
    if outcomeSeconds == nil, needsClosing { throw .missing(key: 9) }
    switch kind {
    case .reversal, .completion: if original == nil { throw .missing(key: 8) }
    case .refund: break
    case .sale, .cardAcquisition, .preAuthorisation:
      if original != nil { throw .outOfRange(key: 8) }
    }
    if original == reference { throw .outOfRange(key: 8) }
    if methods.isEmpty, original == nil { throw .outOfRange(key: 6) }
    if let tip {
      guard kind == .sale || kind == .completion, let value = tip.value(of: amount),
        value <= .max - amount
      else { throw .outOfRange(key: 11) }
    }
    if part != nil, check == nil { throw .missing(key: 13) }
  }

  /// Whether it says what only a closing record can hold.
  private var needsClosing: Bool {
    kind != .sale || original != nil || tip != nil || table != nil || check != nil || part != nil
  }
}
