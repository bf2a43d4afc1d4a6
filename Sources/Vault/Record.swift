// The record of one captured card: what the register gets, what the log keeps. Its CBOR and the
// meaning of every field are published in docs/PROTOCOL.md.

import Octets

/// One captured card with the payment it belongs to.
///
/// Holds no clear card data: the PAN is masked, the tracks are in `ciphertext`. A field is absent
/// when it is empty or nil.
public struct Record: ~Copyable {
  /// Version of the format. Keys added later do not change it; changed meanings do.
  public static let version: UInt64 = 1

  /// The largest encoding: what a sealed record of 560 bytes holds. A swipe's record never has
  /// more than 496; a tapped card's may have to leave objects out of DE55.
  public static let maximumSize = 510

  /// Names the log the record stands in: 16 random bytes drawn when the log is begun.
  public var origin = Bytes<16>()
  /// Place in that log, from 0.
  public var index: UInt64 = 0
  /// Start of the controller, counted durably. With `index` it makes the nonce.
  public var epoch: UInt32 = 0

  /// The register's name for the payment: 1 to 32 printable ASCII characters.
  public var reference = Bytes<32>()
  public var kind = Kind.payment
  public var amount = Amount(minorUnits: 0, currency: 0, exponent: 0)
  /// Time of the capture in milliseconds since 1970-01-01 UTC, by the controller's clock.
  public var unixMilliseconds: UInt64 = 0
  /// Whether a register has set that clock since the controller started.
  public var isClockSet = false
  /// Time of the capture on the monotonic clock of this epoch, in milliseconds.
  public var uptimeMilliseconds: UInt64 = 0
  public var outcome = Outcome.captured

  public var entryMode = EntryMode.magneticStripe
  /// Digits and `*`; at least five hidden, at most six leading and four trailing digits shown.
  public var maskedPAN = Bytes<19>()
  /// Raw value of `Identity.CardScheme`.
  public var scheme: UInt8?
  /// The range of digits that decided the scheme. Empty without a scheme.
  public var schemeRule = Bytes<16>()
  /// Raw value of another scheme that claims the same digits.
  public var schemeOverlap: UInt8?
  /// YYMM as on the card.
  public var expiry = Bytes<4>()
  /// Three digits as on the card.
  public var serviceCode = Bytes<3>()
  /// Keyed token of the PAN, 16 bytes.
  public var token = Bytes<16>()
  public var account = AccountKind.unknown
  public var swipe: Swipe?
  /// DE55 of a card that was tapped: BER-TLV without a card number. Empty for others.
  public var chipData = Bytes<255>()
  /// Application identifier of a tapped card, 5 to 16 bytes; counts only with `chipData`.
  public var application = Bytes<16>()
  /// What else is known of a card that was tapped; counts only with `chipData`.
  public var chip = Chip()

  public var algorithm = Algorithm.tdesDUKPT
  public var keyUsage = KeyUsage.dataEncryption
  /// 10 bytes for TDES, 12 for AES.
  public var ksn = Bytes<12>()
  /// `CardData`, encrypted: a whole number of the cipher's blocks.
  public var ciphertext = Bytes<240>()

  /// Names the controller: 8 bytes.
  public var device = Bytes<8>()
  /// Version of the firmware: printable ASCII.
  public var firmware = Bytes<16>()

  public init() {}
}

extension Record {
  /// What the register asked for: raw values of `Link.TransactionKind`.
  public enum Kind: UInt8, Sendable, BitwiseCopyable {
    case payment = 1
    case refund = 2
    case reversal = 3
    case cardAcquisition = 4
    case preAuthorisation = 5
    case completion = 6
  }

  /// How far the payment got. What came of the capture is in the closing record that follows.
  public enum Outcome: UInt8, Sendable, BitwiseCopyable {
    case captured = 1
  }

  public struct Amount: Equatable, Sendable, BitwiseCopyable {
    public var minorUnits: UInt64
    /// ISO 4217 numeric code, 0 to 999.
    public var currency: UInt16
    /// Digits behind the decimal point, 0 to 4 (ISO 4217).
    public var exponent: UInt8

    public init(minorUnits: UInt64, currency: UInt16, exponent: UInt8) {
      self.minorUnits = minorUnits
      self.currency = currency
      self.exponent = exponent
    }
  }

  /// How the card was read: the first two digits of ISO 8583 data element 22. A value without a
  /// name here is passed on.
  public struct EntryMode: RawRepresentable, Equatable, Sendable, BitwiseCopyable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static var code: EntryMode { EntryMode(rawValue: 3) }
    public static var contactlessChip: EntryMode { EntryMode(rawValue: 7) }
    public static var magneticStripe: EntryMode { EntryMode(rawValue: 90) }
    public static var contactlessStripe: EntryMode { EntryMode(rawValue: 91) }
  }

  /// Stated only where the card itself says so; a magnetic stripe never does.
  public enum AccountKind: UInt8, Sendable, BitwiseCopyable {
    case unknown = 0
    case debit = 1
    case credit = 2
  }

  /// What a tapped card or device says of itself beside DE55. Raw values are published in
  /// docs/PROTOCOL.md; those without a meaning there are passed on.
  public struct Chip: Equatable, Sendable, BitwiseCopyable {
    /// 0 unknown, 1 card, 2 phone, 3 watch, 4 another device.
    public var formFactor: UInt8 = 0
    /// How the holder was, or is to be, verified: 0 not required, 1 by the device, 2 online PIN,
    /// 3 signature, 4 required, but impossible.
    public var verification: UInt8 = 0
    /// Objects of the board's list that the card gave, but the record had no room for.
    public var leftOut: UInt8 = 0

    public init() {}
  }

  public enum TrackState: UInt8, Sendable, BitwiseCopyable {
    case blank = 0
    case read = 1
    case unreadable = 2
  }

  public struct Swipe: Equatable, Sendable, BitwiseCopyable {
    /// End sentinel first.
    public var isBackward: Bool
    public var track1: TrackState
    public var track2: TrackState
    public var track3: TrackState
    /// The worst flux interval of the tracks that were read, as its distance from the bit clock in
    /// percent of a bit. Nil when the reader does not say.
    public var jitterPercent: UInt8?

    public init(
      isBackward: Bool, track1: TrackState, track2: TrackState, track3: TrackState,
      jitterPercent: UInt8? = nil
    ) {
      self.isBackward = isBackward
      self.track1 = track1
      self.track2 = track2
      self.track3 = track3
      self.jitterPercent = jitterPercent
    }
  }

  /// UnifiedPOS `DataEncryptionAlgorithm`. AES has no number there: values from 0x01000000 are the
  /// vendor's.
  public enum Algorithm: UInt32, Sendable, BitwiseCopyable {
    case tdesDUKPT = 2
    case aesDUKPT = 0x0100_0000

    public var ksnSize: Int { self == .tdesDUKPT ? 10 : 12 }
    public var blockSize: Int { self == .tdesDUKPT ? 8 : 16 }
  }

  /// X9.24-3 key usage. For TDES it names the variant of X9.24-1 with the same purpose.
  public enum KeyUsage: UInt16, Sendable, BitwiseCopyable {
    /// TDES: the data-encryption variant 0000000000FF0000 of both halves and its one-way step;
    /// never the PIN variant.
    case dataEncryption = 0x3000
  }
}

/// The map keys of a record.
public enum RecordField: UInt8, Sendable, BitwiseCopyable {
  case version = 0
  case origin = 1
  case index = 2
  case epoch = 3
  case reference = 4
  case kind = 5
  case amount = 6
  case time = 7
  case uptime = 8
  case entryMode = 9
  case outcome = 10
  case maskedPAN = 11
  case scheme = 12
  case expiry = 13
  case serviceCode = 14
  case token = 15
  case account = 16
  case swipe = 17
  case encrypted = 18
  case device = 19
  case firmware = 20
  case chip = 21
  // Of closing records only.
  case reason = 32
  case capture = 33
  case tip = 34
  case original = 35
  case table = 36
  case check = 37
  case part = 38
  case approval = 39

  /// Fields every record has, as a set of bits.
  static var required: UInt64 {
    let optional: [7 of RecordField] = [
      .maskedPAN, .scheme, .expiry, .serviceCode, .token, .swipe, .chip,
    ]
    var set: UInt64 = 1 << 22 - 1
    for index in optional.indices { set &= ~optional[index].bit }
    return set
  }

  /// This field in a set of bits.
  var bit: UInt64 { 1 << UInt64(rawValue) }
}

/// Why a record cannot be encoded or was not understood.
public enum RecordError: Error, Equatable {
  /// Not the CBOR that was expected; `field` is nil outside any field.
  case malformed(CBORError, field: RecordField?, offset: Int)
  case unsupportedVersion(UInt64)
  case missing(RecordField)
  /// A value outside its limits.
  case invalid(RecordField)
  /// A value that a later version gave a meaning which must be known before money is booked.
  case unsupported(RecordField)
  /// More bytes than the buffer holds.
  case tooLong
}
