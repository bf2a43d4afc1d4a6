// The numbers of the dialogue: ways to pay, reasons, steps, prompts, outcomes. docs/PROTOCOL.md
// section 7 has the same as tables. Numbers that are not named here are passed on.

import Octets

/// One way to present a card.
public enum Method: UInt16, Sendable, BitwiseCopyable {
  case magneticStripe = 1
  case contactless = 2
  case walletCode = 4
}

/// Ways to present a card, as a bit mask. (Not an `OptionSet`: its literals are arrays, and the
/// firmware has none.)
public struct Methods: RawRepresentable, Equatable, Sendable, BitwiseCopyable {
  public let rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  public static var magneticStripe: Methods { Methods(rawValue: 1) }
  public static var contactless: Methods { Methods(rawValue: 2) }
  public static var walletCode: Methods { Methods(rawValue: 4) }

  public func union(_ other: Methods) -> Methods { Methods(rawValue: rawValue | other.rawValue) }
  public func covers(_ other: Methods) -> Bool { rawValue & other.rawValue == other.rawValue }

  public static var none: Methods { Methods(rawValue: 0) }
  public init(_ method: Method) { self.init(rawValue: method.rawValue) }
  public var isEmpty: Bool { rawValue == 0 }
  public func contains(_ method: Method) -> Bool { rawValue & method.rawValue != 0 }
  public func common(with other: Methods) -> Methods {
    Methods(rawValue: rawValue & other.rawValue)
  }
  public func without(_ method: Method) -> Methods {
    Methods(rawValue: rawValue & ~method.rawValue)
  }
}

/// Why something is so: ZVT's result codes (PA00P015 chapter 10), so that registers can use the
/// texts they have. Codes not named here are passed on.
public struct Reason: RawRepresentable, Equatable, Sendable, BitwiseCopyable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static var none: Reason { Reason(rawValue: 0x00) }
  public static var cardNotReadable: Reason { Reason(rawValue: 0x64) }
  public static var noCardData: Reason { Reason(rawValue: 0x65) }
  public static var processingError: Reason { Reason(rawValue: 0x66) }
  public static var storeFull: Reason { Reason(rawValue: 0x6A) }
  /// Of a register that only watches.
  public static var watchesOnly: Reason { Reason(rawValue: 0x6B) }
  /// By the register, the customer or a time-out.
  public static var aborted: Reason { Reason(rawValue: 0x6C) }
  /// The decimal places are not those of the currency.
  public static var wrongCurrency: Reason { Reason(rawValue: 0x6F) }
  /// A payment code that was taken within the last ten minutes.
  public static var cardBlocked: Reason { Reason(rawValue: 0x6E) }
  /// A payment code that contradicts itself.
  public static var cardDataIncorrect: Reason { Reason(rawValue: 0x73) }
  public static var keysExhausted: Reason { Reason(rawValue: 0x74) }
  public static var cardExpired: Reason { Reason(rawValue: 0x78) }
  /// What was scanned is no payment code.
  public static var cardUnknown: Reason { Reason(rawValue: 0x7A) }
  /// The stripe of a card with a chip, which the request does not allow.
  public static var stripeNotAllowed: Reason { Reason(rawValue: 0x7E) }
  /// The reference is known with another content, or not at all.
  public static var notPossible: Reason { Reason(rawValue: 0x83) }
  /// A message that cannot be understood.
  public static var protocolError: Reason { Reason(rawValue: 0x9A) }
  /// Another transaction is in progress.
  public static var pleaseWait: Reason { Reason(rawValue: 0x9C) }
  public static var alreadyReversed: Reason { Reason(rawValue: 0xB4) }
  public static var reversalNotPossible: Reason { Reason(rawValue: 0xB5) }
  /// There is no such tab, or it was completed or reversed.
  public static var tabNotOpen: Reason { Reason(rawValue: 0xB8) }
  /// The records of controller and register contradict each other; payments are stopped.
  public static var diagnosisRequired: Reason { Reason(rawValue: 0xC2) }
  /// Above the limit of every method, or above what was asked for.
  public static var amountTooHigh: Reason { Reason(rawValue: 0xC3) }
  public static var methodNotSupported: Reason { Reason(rawValue: 0xC5) }
  public static var readerNotAnswering: Reason { Reason(rawValue: 0xE2) }
}

/// A step of a transaction, as a log or a screen would tell it.
public struct EventKind: RawRepresentable, Equatable, Sendable, BitwiseCopyable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static var waitingForCard: EventKind { EventKind(rawValue: 1) }
  public static var cardSeen: EventKind { EventKind(rawValue: 2) }
  public static var reading: EventKind { EventKind(rawValue: 3) }
  public static var removeCard: EventKind { EventKind(rawValue: 4) }
  public static var captured: EventKind { EventKind(rawValue: 5) }
  public static var cardNotReadable: EventKind { EventKind(rawValue: 6) }
  public static var aborted: EventKind { EventKind(rawValue: 7) }
  public static var timedOut: EventKind { EventKind(rawValue: 8) }
  public static var busy: EventKind { EventKind(rawValue: 9) }
  public static var fault: EventKind { EventKind(rawValue: 10) }
  /// The customer is to choose a tip; the register answers with `choice`.
  public static var tipWanted: EventKind { EventKind(rawValue: 11) }
  /// The register is to report the outcome.
  public static var authorising: EventKind { EventKind(rawValue: 12) }
  /// The outcome is there.
  public static var ended: EventKind { EventKind(rawValue: 13) }

  /// Whether it only shows progress: nobody has to do anything and nothing is decided.
  public var isStep: Bool { rawValue <= 5 || self == .authorising }
}

/// What the customer is told, by EMV's message identifiers (EMV contactless Book A, section 9.4).
public struct Prompt: RawRepresentable, Equatable, Sendable, BitwiseCopyable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static var approved: Prompt { Prompt(rawValue: 0x03) }
  public static var notAuthorised: Prompt { Prompt(rawValue: 0x07) }
  public static var removeCard: Prompt { Prompt(rawValue: 0x10) }
  public static var welcome: Prompt { Prompt(rawValue: 0x14) }
  public static var presentCard: Prompt { Prompt(rawValue: 0x15) }
  public static var processing: Prompt { Prompt(rawValue: 0x16) }
  public static var cardReadRemove: Prompt { Prompt(rawValue: 0x17) }
  public static var insertOrSwipe: Prompt { Prompt(rawValue: 0x18) }
  public static var oneCardOnly: Prompt { Prompt(rawValue: 0x19) }
  public static var approvedSign: Prompt { Prompt(rawValue: 0x1A) }
  public static var authorising: Prompt { Prompt(rawValue: 0x1B) }
  public static var tryAnotherCard: Prompt { Prompt(rawValue: 0x1C) }
  public static var insertCard: Prompt { Prompt(rawValue: 0x1D) }
  public static var clearDisplay: Prompt { Prompt(rawValue: 0x1E) }
  public static var seePhone: Prompt { Prompt(rawValue: 0x20) }
  public static var presentCardAgain: Prompt { Prompt(rawValue: 0x21) }
  // Ours, above EMV's range.
  public static var showCode: Prompt { Prompt(rawValue: 0x80) }
  public static var codeUsed: Prompt { Prompt(rawValue: 0x81) }
}

/// How a transaction ended. Each accepted request gets exactly one.
public enum Outcome: UInt8, Sendable, BitwiseCopyable {
  /// A card was captured, and the register did not say that it would report more.
  case captured = 1
  case approved = 2
  /// Approved for less than was asked.
  case partlyApproved = 3
  case declined = 4
  /// By the register.
  case aborted = 5
  /// No card came in time.
  case timedOut = 6
  /// The register never reported the outcome: unknown.
  case notReported = 7
  /// The authorisation could not be carried out, or no method was left.
  case failed = 8

  /// Whether a register may report it.
  public var isReportable: Bool {
    switch self {
    case .approved, .partlyApproved, .declined, .failed: true
    case .captured, .aborted, .timedOut, .notReported: false
    }
  }

  /// Whether money may have moved or will.
  public var isGood: Bool {
    switch self {
    case .captured, .approved, .partlyApproved: true
    case .declined, .aborted, .timedOut, .notReported, .failed: false
    }
  }
}
