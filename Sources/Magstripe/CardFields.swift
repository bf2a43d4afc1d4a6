// Where the fields of a payment card are on a track, without copying them.

import Octets

/// The fields of a track in the layout of ISO/IEC 7813 (tracks 1 and 2) or ISO/IEC 4909 (track 3),
/// as ranges of its characters. They are not checked further: digits are digits, no more.
public struct CardFields: Equatable, Sendable {
  /// The account number, 8 to 19 digits.
  public var accountNumber: Range<Int>
  /// Track 1 only: the name as it is recorded, SURNAME/FIRST.TITLE, 2 to 26 characters.
  public var name: Range<Int>?
  /// YYMM; nil if a separator stands for it. Never on track 3.
  public var expiry: Range<Int>?
  /// Three digits; nil if a separator stands for it. Never on track 3.
  public var serviceCode: Range<Int>?
  /// What is left before the end sentinel.
  public var discretionary: Range<Int>

  /// The fields of `text`, which is a good track with its sentinels, or nil if it has another
  /// layout: not every card is a payment card.
  public init?(_ track: StripeTrack, _ text: borrowing TrackText) {
    guard let fields = text.withBytes({ FieldReader(track, $0).fields() }) else { return nil }
    self = fields
  }

  fileprivate init(
    accountNumber: Range<Int>, name: Range<Int>?, expiry: Range<Int>?, serviceCode: Range<Int>?,
    discretionary: Range<Int>
  ) {
    self.accountNumber = accountNumber
    self.name = name
    self.expiry = expiry
    self.serviceCode = serviceCode
    self.discretionary = discretionary
  }
}

/// Walks through the characters of one track.
private struct FieldReader: ~Copyable, ~Escapable {
  private let track: StripeTrack
  private let text: Span<UInt8>
  private var offset = 0

  @_lifetime(copy text)
  init(_ track: StripeTrack, _ text: Span<UInt8>) {
    self.track = track
    self.text = text
  }

  /// Between fields; on tracks 2 and 3 also the only character that is not a digit.
  private var separator: UInt8 { track == .one ? UInt8(ascii: "^") : UInt8(ascii: "=") }

  consuming func fields() -> CardFields? {
    guard text.count > 2, text[text.count - 1] == UInt8(ascii: "?") else { return nil }
    guard header() else { return nil }
    guard let account = digits(8...19), take(separator) else { return nil }
    var name: Range<Int>?
    if track == .one {
      name = upToSeparator(2...26)
      guard name != nil, take(separator) else { return nil }
    }
    var expiry: Range<Int>?
    var serviceCode: Range<Int>?
    if track != .three {
      if !take(separator) {
        expiry = digits(4...4)
        guard expiry != nil else { return nil }
      }
      if !take(separator) {
        serviceCode = digits(3...3)
        guard serviceCode != nil else { return nil }
      }
    }
    return CardFields(
      accountNumber: account, name: name, expiry: expiry, serviceCode: serviceCode,
      discretionary: offset..<text.count - 1)
  }

  /// Format code B on track 1 (ISO/IEC 7813), none on track 2, two digits on track 3 (ISO/IEC
  /// 4909).
  private mutating func header() -> Bool {
    switch track {
    case .one: take(UInt8(ascii: "%")) && take(UInt8(ascii: "B"))
    case .two: take(UInt8(ascii: ";"))
    case .three: take(UInt8(ascii: ";")) && digits(2...2) != nil
    }
  }

  private mutating func take(_ character: UInt8) -> Bool {
    guard offset < text.count, text[offset] == character else { return false }
    offset += 1
    return true
  }

  /// As many digits as there are, up to the upper bound; nil if there are too few.
  private mutating func digits(_ count: ClosedRange<Int>) -> Range<Int>? {
    let start = offset
    while offset < text.count, offset - start < count.upperBound,
      text[offset] >= UInt8(ascii: "0"), text[offset] <= UInt8(ascii: "9")
    {
      offset += 1
    }
    return offset - start >= count.lowerBound ? start..<offset : nil
  }

  private mutating func upToSeparator(_ count: ClosedRange<Int>) -> Range<Int>? {
    let start = offset
    while offset < text.count - 1, text[offset] != separator { offset += 1 }
    return count.contains(offset - start) ? start..<offset : nil
  }
}
