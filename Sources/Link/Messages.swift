// What register and controller say to each other: deterministic CBOR maps with small integer keys,
// named after nexo's verbs. docs/PROTOCOL.md has the same in CDDL. Keys a newer peer added are
// skipped, unknown types are handed out as such.

import Octets

/// Key 0 of every message.
public enum MessageType: UInt64, Sendable {
  case payment = 1
  case abort = 2
  case transactionStatus = 3
  case time = 4
  case acknowledgement = 5
  case response = 16
  case event = 17
  case record = 18
  case transactionStatusResponse = 19
  case boot = 20
  case error = 31
}

public enum MessageError: Error, Equatable {
  case malformed(CBORError)
  /// A mandatory key is absent.
  case missing(key: Int)
  /// A value outside its range.
  case outOfRange(key: Int)
}

/// A plain message before it is sealed.
public typealias MessageBytes = Bytes<602>

/// The register's name for one transaction, 1 to 32 printable ASCII characters. Never used twice.
public struct Reference: Equatable, Sendable {
  public static let capacity = 32
  private var bytes = InlineArray<32, UInt8>(repeating: 0)
  public let count: Int

  /// Nil when `text` is empty, too long or has other characters: references stand in logs.
  public init?(_ text: Span<UInt8>) {
    guard text.count > 0, text.count <= Self.capacity else { return nil }
    for index in text.indices where text[index] < 0x20 || text[index] > 0x7E { return nil }
    count = text.count
    for index in text.indices { bytes[index] = text[index] }
  }

  public borrowing func withText<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try body(bytes.span.extracting(0..<count))
  }

  public static func == (left: Reference, right: Reference) -> Bool {
    left.withText { mine in right.withText { mine.equals($0) } }
  }
}

/// 16 bytes that name a log of records.
public struct Origin: Equatable, Sendable {
  private var high: UInt64
  private var low: UInt64

  /// Nil unless `bytes` are 16.
  public init?(_ bytes: Span<UInt8>) {
    guard bytes.count == 16 else { return nil }
    var halves = InlineArray<2, UInt64>(repeating: 0)
    for index in 0..<16 { halves[index / 8] = halves[index / 8] << 8 | UInt64(bytes[index]) }
    high = halves[0]
    low = halves[1]
  }

  public func append<let capacity: Int>(to bytes: inout Bytes<capacity>) throws(Overflow) {
    try bytes.append(bigEndian: high)
    try bytes.append(bigEndian: low)
  }
}

/// Why something is so: ZVT's result codes (PA00P015 chapter 10), so that registers can use the
/// texts they have. Codes not named here are passed on.
public struct Reason: RawRepresentable, Equatable, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static var none: Reason { Reason(rawValue: 0x00) }
  public static var cardNotReadable: Reason { Reason(rawValue: 0x64) }
  public static var noCardData: Reason { Reason(rawValue: 0x65) }
  public static var processingError: Reason { Reason(rawValue: 0x66) }
  public static var storeFull: Reason { Reason(rawValue: 0x6A) }
  /// By the register, the customer or a time-out.
  public static var aborted: Reason { Reason(rawValue: 0x6C) }
  public static var wrongCurrency: Reason { Reason(rawValue: 0x6F) }
  public static var keysExhausted: Reason { Reason(rawValue: 0x74) }
  public static var cardExpired: Reason { Reason(rawValue: 0x78) }
  /// The reference is known with another content, or not at all.
  public static var notPossible: Reason { Reason(rawValue: 0x83) }
  /// A message that cannot be understood.
  public static var protocolError: Reason { Reason(rawValue: 0x9A) }
  /// Another transaction is in progress.
  public static var pleaseWait: Reason { Reason(rawValue: 0x9C) }
  public static var methodNotSupported: Reason { Reason(rawValue: 0xC5) }
  public static var readerNotAnswering: Reason { Reason(rawValue: 0xE2) }
}

/// Ways to present a card, as a bit mask. (Not an `OptionSet`: its literals are arrays, and the
/// firmware has none.)
public struct Methods: RawRepresentable, Equatable, Sendable {
  public let rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  public static var magneticStripe: Methods { Methods(rawValue: 1) }
  public static var contactless: Methods { Methods(rawValue: 2) }
  public static var walletCode: Methods { Methods(rawValue: 4) }

  public func union(_ other: Methods) -> Methods { Methods(rawValue: rawValue | other.rawValue) }
  public func contains(_ other: Methods) -> Bool { rawValue & other.rawValue == other.rawValue }
}

/// What the customer's screen or a log would say; a number not named here is passed on.
public struct EventKind: RawRepresentable, Equatable, Sendable {
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
}

/// nexo PaymentRequest.
public struct PaymentRequest: Equatable, Sendable {
  public var reference: Reference
  /// In minor units of the currency.
  public var amount: UInt64
  /// ISO 4217 numeric code, 0 to 999.
  public var currency: UInt16
  /// Decimal places of `amount`, 0 to 4.
  public var exponent: UInt8
  /// How long to wait for a card, 1 to 3600 seconds.
  public var timeoutSeconds: UInt16
  public var methods: Methods

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
}

/// The register holds all records of `origin` below `size`, safely stored.
public struct Acknowledgement: Equatable, Sendable {
  public var origin: Origin
  public var size: UInt64

  public init(origin: Origin, size: UInt64) {
    self.origin = origin
    self.size = size
  }
}

/// What a register may say.
public enum RegisterMessage: Equatable, Sendable {
  case payment(PaymentRequest)
  case abort(Reference)
  case transactionStatus(Reference)
  /// Milliseconds since 1970, UTC; nil when the register does not know. Answered with `boot`.
  case time(unixMilliseconds: UInt64?)
  case acknowledgement(Acknowledgement)
  /// A type this version does not know.
  case unknown(type: UInt64)
}

/// The answer to a payment or abort request.
public struct Response: Equatable, Sendable {
  public var reference: Reference
  /// Which request this answers: `payment` or `abort`.
  public var request: MessageType
  public var isAccepted: Bool
  public var reason: Reason

  public init(
    to request: MessageType, _ reference: Reference, isAccepted: Bool, reason: Reason = .none
  ) {
    self.reference = reference
    self.request = request
    self.isAccepted = isAccepted
    self.reason = reason
  }
}

/// Progress of a transaction or of the device.
public struct Event: Equatable, Sendable {
  /// Nil when it belongs to no transaction.
  public var reference: Reference?
  public var kind: EventKind
  public var reason: Reason
  /// Milliseconds since 1970, nil while the controller does not know the time.
  public var unixMilliseconds: UInt64?
  /// Whether the transaction has ended: nothing else will come for it but its record.
  public var isFinal: Bool

  public init(
    _ kind: EventKind, reference: Reference?, reason: Reason = .none,
    unixMilliseconds: UInt64? = nil, isFinal: Bool = false
  ) {
    self.kind = kind
    self.reference = reference
    self.reason = reason
    self.unixMilliseconds = unixMilliseconds
    self.isFinal = isFinal
  }
}

/// nexo TransactionStatusResponse.
public struct TransactionStatus: Equatable, Sendable {
  public enum State: Equatable, Sendable {
    case notFound
    case inProgress
    /// The record with this index says how it ended; it follows in a record message.
    case processed(origin: Origin, index: UInt64)
    /// Ended without a record, for this reason.
    case ended(Reason)
  }

  public var reference: Reference
  public var state: State

  public init(_ reference: Reference, _ state: State) {
    self.reference = reference
    self.state = state
  }
}

/// Who the controller is and which records it holds; the first message of every session.
public struct BootInfo: Equatable, Sendable {
  /// Of these messages.
  public var version: UInt64
  public var origin: Origin
  /// The oldest record it can still send …
  public var first: UInt64
  /// … and the index the next new record will have.
  public var next: UInt64
  /// Counts the controller's starts.
  public var epoch: UInt64

  public static let currentVersion: UInt64 = 1

  public init(origin: Origin, first: UInt64, next: UInt64, epoch: UInt64) {
    version = Self.currentVersion
    self.origin = origin
    self.first = first
    self.next = next
    self.epoch = epoch
  }
}

/// A sealed record on its way. Its bytes stay in the message they came in, at `sealed`.
public struct RecordMessage: Equatable, Sendable {
  public var origin: Origin
  public var index: UInt64
  public var sealed: Range<Int>
}

/// A message that could not be acted upon.
public struct ErrorMessage: Equatable, Sendable {
  /// Type of the message that was wrong; 0 when not even that was readable.
  public var type: UInt64
  public var reason: Reason
}

/// What a controller may say.
public enum ControllerMessage: Equatable, Sendable {
  case response(Response)
  case event(Event)
  case record(RecordMessage)
  case transactionStatus(TransactionStatus)
  case boot(BootInfo)
  case error(ErrorMessage)
  /// A type this version does not know.
  case unknown(type: UInt64)
}
