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
  case outcome = 6
  case choice = 7
  case totalsRequest = 8
  case diagnosisRequest = 9
  case returnedRecord = 10
  case code = 11
  case response = 16
  case event = 17
  case record = 18
  case transactionStatusResponse = 19
  case boot = 20
  case totals = 21
  case diagnosis = 22
  case recall = 23
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

/// 1 to `size` printable ASCII characters.
public struct PrintableText<let size: Int>: Equatable, Sendable, BitwiseCopyable {
  public static var capacity: Int { size }
  private var bytes = InlineArray<size, UInt8>(repeating: 0)
  public let count: Int

  /// Nil when `text` is empty, too long or has other characters: these texts stand in logs.
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

  public static func == (left: Self, right: Self) -> Bool {
    left.withText { mine in right.withText { mine.equals($0) } }
  }
}

/// The register's name for one transaction. Never used twice.
public typealias Reference = PrintableText<32>

/// 16 bytes that name a log of records.
public struct Origin: Equatable, Sendable, BitwiseCopyable {
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

/// The register holds all records of `origin` below `size`, safely stored, and witnesses them.
public struct Acknowledgement: Equatable, Sendable {
  public var origin: Origin
  public var size: UInt64
  /// The root of the tree over these records (RFC 6962).
  public var root: Digest
  /// Bit n: record `size + n` has come and need not be sent again in this session, although it does
  /// not count yet. Nil from a register that takes records in order only.
  public var early: UInt64?

  public init(origin: Origin, size: UInt64, root: Digest, early: UInt64? = nil) {
    self.origin = origin
    self.size = size
    self.root = root
    self.early = early
  }
}

/// What a register may say.
public enum RegisterMessage: Equatable, Sendable {
  case payment(PaymentRequest)
  case abort(Reference)
  case transactionStatus(Reference)
  /// Milliseconds since 1970, UTC; nil when the register does not know. Answered with `boot`.
  case time(unixMilliseconds: UInt64?, takesParity: Bool = false)
  case acknowledgement(Acknowledgement)
  /// How the authorisation of a captured card ended.
  case outcome(OutcomeReport)
  /// What the customer chose on the register's or kiosk's screen.
  case choice(Choice)
  case totals(TotalsRequest)
  case diagnosis
  /// A record the controller has asked back, having lost it.
  case returnedRecord(RecordMessage)
  /// Answered with a response that has the payload.
  case code(CodeRequest)
  /// A type this version does not know.
  case unknown(type: UInt64)
}

/// The answer to a request that changes something.
public struct Response: Equatable, Sendable {
  public var reference: Reference
  /// Which request this answers: `payment`, `abort`, `outcome`, `choice` or `code`.
  public var request: MessageType
  public var isAccepted: Bool
  public var reason: Reason
  /// Where the payload of a code stands in the message that this came in.
  public internal(set) var payload: Range<Int>?

  public init(
    to request: MessageType, _ reference: Reference, isAccepted: Bool, reason: Reason = .none
  ) {
    self.reference = reference
    self.request = request
    self.isAccepted = isAccepted
    self.reason = reason
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
  /// The root of the tree over the records below `next`.
  public var root: Digest
  /// Where a register begins that does not know the origin, or lacks what cannot be sent any more:
  /// the tree over the records before. At least `first`.
  public var start: MerkleTree

  public static let currentVersion: UInt64 = 1

  public init(
    origin: Origin, first: UInt64, next: UInt64, epoch: UInt64, root: Digest, start: MerkleTree
  ) {
    version = Self.currentVersion
    self.origin = origin
    self.first = first
    self.next = next
    self.epoch = epoch
    self.root = root
    self.start = start
  }
}

/// Record `index`, which the controller lost and the register has: to be sent back.
public struct Recall: Equatable, Sendable {
  public var origin: Origin
  public var index: UInt64

  public init(origin: Origin, index: UInt64) {
    self.origin = origin
    self.index = index
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
  case totals(Totals)
  case diagnosis(Diagnosis)
  case recall(Recall)
  case error(ErrorMessage)
  /// A type this version does not know.
  case unknown(type: UInt64)
}
