// The payload of a code that a merchant shows: EMV QR Code Specification for Payment Systems,
// Merchant-Presented Mode, version 1.1. Fields of a two-digit identifier, a two-digit length and a
// value follow each other; the last holds a CRC over all that stands before its value.

import Octets

/// One field of a payload.
public struct MerchantField: Equatable, Sendable {
  /// 0 to 99.
  public let identifier: UInt8
  /// Where its value stands.
  public let value: Range<Int>
}

/// Why a text is no payload, or none can be made.
public enum MerchantPayloadError: Error, Equatable {
  /// More than 512 bytes.
  case tooLong
  /// No UTF-8, or control characters.
  case notText
  /// An identifier or a length that is not two digits, or a length of 0, at this offset.
  case malformed(offset: Int)
  /// A value that goes on behind the end of the text or of its template.
  case truncated(offset: Int)
  case duplicate(UInt8)
  case missing(UInt8)
  /// A value that the field cannot have.
  case invalid(UInt8)
  /// Field 00 is not the first, or 63 not the last.
  case order
  case wrongCRC(expected: UInt16)
  /// The payload's currency is another than the payment's.
  case currency
}

/// Reads field after field of UTF-8. Lengths count characters, not bytes (section 3.6).
public struct MerchantFields: ~Copyable, ~Escapable {
  private let text: Span<UInt8>
  public private(set) var offset: Int
  private let end: Int

  @_lifetime(copy text)
  public init(_ text: Span<UInt8>) {
    self.text = text
    offset = 0
    end = text.count
  }

  /// The fields of the template at `range` of `text`.
  @_lifetime(copy text)
  public init(_ text: Span<UInt8>, in range: Range<Int>) {
    self.text = text
    offset = range.lowerBound
    end = range.upperBound
  }

  /// The next field, or nil at the end.
  public mutating func next() throws(MerchantPayloadError) -> MerchantField? {
    guard offset < end else { return nil }
    let identifier = try number(at: offset)
    let length = try number(at: offset + 2)
    guard length > 0 else { throw .malformed(offset: offset + 2) }
    let start = offset + 4
    var stop = start
    for _ in 0..<length { stop += try characterLength(at: stop) }
    offset = stop
    return MerchantField(identifier: UInt8(identifier), value: start..<stop)
  }

  private func number(at place: Int) throws(MerchantPayloadError) -> Int {
    guard place + 2 <= end else { throw .truncated(offset: place) }
    guard ScannedText.isDigit(text[place]), ScannedText.isDigit(text[place + 1]) else {
      throw .malformed(offset: place)
    }
    return Int(text[place] - UInt8(ascii: "0")) * 10 + Int(text[place + 1] - UInt8(ascii: "0"))
  }

  /// The bytes of the UTF-8 character at `place`; control characters are none.
  private func characterLength(at place: Int) throws(MerchantPayloadError) -> Int {
    guard place < end else { throw .truncated(offset: place) }
    let length =
      switch text[place] {
      case 0x20...0x7E: 1
      case 0xC2...0xDF: 2
      case 0xE0...0xEF: 3
      case 0xF0...0xF4: 4
      default: 0
      }
    guard length > 0 else { throw .notText }
    guard place + length <= end else { throw .truncated(offset: place) }
    return length
  }
}

/// A payload in which nothing was wrong.
public struct MerchantPayload: Sendable {
  /// Bytes of a payload (section 3.3).
  public static let limit = 512

  /// Field 01: 12 is for one payment, 11 (or none) for any number.
  public private(set) var isForOnePayment = false
  /// Field 53, ISO 4217 numeric.
  public private(set) var currency: UInt16 = 0
  /// Where the amount stands, such as `23.72`; nil when the customer's telephone asks for it.
  public private(set) var amount: Range<Int>?
  public private(set) var merchantName = 0..<0
  /// Where the additional data template stands, field 62.
  public private(set) var additionalData: Range<Int>?

  enum Field {
    static let format: UInt8 = 0
    static let initiation: UInt8 = 1
    static let accounts: ClosedRange<UInt8> = 2...51
    static let category: UInt8 = 52
    static let currency: UInt8 = 53
    static let amount: UInt8 = 54
    static let country: UInt8 = 58
    static let name: UInt8 = 59
    static let city: UInt8 = 60
    static let additional: UInt8 = 62
    static let crc: UInt8 = 63
    /// Inside field 62.
    static let referenceLabel: UInt8 = 5
  }

  /// Takes `text` apart, checks its CRC, its mandatory fields and the values this program uses.
  public init(_ text: Span<UInt8>) throws(MerchantPayloadError) {
    guard text.count <= Self.limit else { throw .tooLong }
    guard isUTF8(text) else { throw .notText }
    var seen = FieldSet()
    var fields = MerchantFields(text)
    var last = Field.crc
    while let field = try fields.next() {
      guard !seen.contains(field.identifier) else { throw .duplicate(field.identifier) }
      guard !seen.isEmpty || field.identifier == Field.format else { throw .order }
      seen.insert(field.identifier)
      last = field.identifier
      try take(field, text)
    }
    try Self.checkPresence(seen)
    guard last == Field.crc else { throw .order }
    try Self.checkCRC(text)
  }

  private static func checkPresence(_ seen: FieldSet) throws(MerchantPayloadError) {
    let mandatory: [7 of UInt8] = [
      Field.format, Field.category, Field.currency, Field.country, Field.name, Field.city,
      Field.crc,
    ]
    for index in mandatory.indices where !seen.contains(mandatory[index]) {
      throw .missing(mandatory[index])
    }
    for account in Field.accounts where seen.contains(account) { return }
    throw .missing(Field.accounts.lowerBound)
  }

  private static func checkCRC(_ text: Span<UInt8>) throws(MerchantPayloadError) {
    let expected = CRC16.of(text.extracting(0..<(text.count - 4)))
    for place in 0..<4 {
      let nibble = UInt8(truncatingIfNeeded: expected >> UInt16(4 * (3 - place)))
      guard Hex.value(text[text.count - 4 + place]) == nibble & 0xF else {
        throw .wrongCRC(expected: expected)
      }
    }
  }

  private mutating func take(
    _ field: MerchantField, _ text: Span<UInt8>
  ) throws(MerchantPayloadError) {
    let value = text.extracting(field.value)
    switch field.identifier {
    case Field.format:
      guard withLiteral("01", { $0.equals(value) }) else { throw .invalid(Field.format) }
    case Field.initiation: isForOnePayment = try Self.isDynamic(value)
    case Field.category:
      guard value.count == 4, Self.number(value) != nil else { throw .invalid(Field.category) }
    case Field.currency:
      guard value.count == 3, let number = Self.number(value) else {
        throw .invalid(Field.currency)
      }
      currency = UInt16(number)
    case Field.amount:
      guard Self.isAmount(value) else { throw .invalid(Field.amount) }
      amount = .some(field.value)
    case Field.name: merchantName = field.value
    case Field.additional:
      additionalData = .some(field.value)
      var inner = MerchantFields(text, in: field.value)
      while try inner.next() != nil {}
    case Field.crc:
      guard value.count == 4 else { throw .invalid(Field.crc) }
    default: break
    }
  }

  private static func isDynamic(_ value: Span<UInt8>) throws(MerchantPayloadError) -> Bool {
    if withLiteral("12", { $0.equals(value) }) { return true }
    guard withLiteral("11", { $0.equals(value) }) else { throw .invalid(Field.initiation) }
    return false
  }

  static func number(_ digits: Span<UInt8>) -> Int? {
    var number = 0
    for index in digits.indices {
      guard ScannedText.isDigit(digits[index]) else { return nil }
      number = number * 10 + Int(digits[index] - UInt8(ascii: "0"))
    }
    return number
  }

  /// Digits with at most one point between them, 13 characters (section 4.7, table 4.3).
  static func isAmount(_ value: Span<UInt8>) -> Bool {
    guard value.count <= 13, ScannedText.isDigit(value[0]) else { return false }
    var points = 0
    for index in value.indices {
      if value[index] == UInt8(ascii: ".") {
        points += 1
      } else if !ScannedText.isDigit(value[index]) {
        return false
      }
    }
    return points <= 1
  }
}

/// Which of the fields 00 to 99 there are.
struct FieldSet: Equatable, Sendable, BitwiseCopyable {
  private var low: UInt64 = 0
  private var high: UInt64 = 0

  var isEmpty: Bool { low | high == 0 }

  mutating func insert(_ identifier: UInt8) {
    if identifier < 64 {
      low |= 1 << UInt64(identifier)
    } else {
      high |= 1 << UInt64(identifier - 64)
    }
  }

  func contains(_ identifier: UInt8) -> Bool {
    let half = identifier < 64 ? low >> UInt64(identifier) : high >> UInt64(identifier &- 64)
    return half & 1 == 1
  }
}
