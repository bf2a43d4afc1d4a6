// The code that a merchant shows: the register sends what its acquirer gave it, the controller
// makes it out for one payment (EMVCo merchant-presented mode) and gives back what a screen can
// show.

import Octets

/// A request for the payload of a merchant-presented code. The acquirer's template stays in the
/// message that it came in.
public struct CodeRequest: Equatable, Sendable {
  /// Goes into the code as its reference label, and so has 25 characters at most.
  public var reference: Reference
  /// In minor units, above zero.
  public var amount: UInt64
  /// ISO 4217 numeric code, 0 to 999: that of the template.
  public var currency: UInt16
  /// Decimal places of `amount`, 0 to 4.
  public var exponent: UInt8
  /// Where the template stands in its message, or in the buffer that it is sent from.
  public var template: Range<Int>

  /// Bytes of a template or a payload (EMVCo merchant-presented mode, section 3.3).
  public static let limit = 512

  public init(
    reference: Reference, amount: UInt64, currency: UInt16, exponent: UInt8, template: Range<Int>
  ) {
    self.reference = reference
    self.amount = amount
    self.currency = currency
    self.exponent = exponent
    self.template = template
  }

  init(_ reader: inout MessageReader) throws(MessageError) {
    var reference: Reference?
    var amount: UInt64?
    var currency: UInt64?
    var exponent: UInt64?
    var template: Range<Int>?
    while let key = try reader.next() {
      switch key {
      case 1: reference = try reader.reference()
      case 2: amount = try reader.unsigned()
      case 3: currency = try reader.unsigned(0...999)
      case 4: exponent = try reader.unsigned(0...4)
      case 5: template = try reader.textRange(atMost: Self.limit)
      default: try reader.skip()
      }
    }
    self.init(
      reference: try required(reference, 1), amount: try required(amount, 2),
      currency: UInt16(try required(currency, 3)), exponent: UInt8(try required(exponent, 4)),
      template: try required(template, 5))
  }

  /// Appends the message; `source` is what `template` counts in.
  public func encode<let capacity: Int>(
    from source: Span<UInt8>, into bytes: inout Bytes<capacity>
  ) throws(Overflow) {
    try bytes.begin(.code, 5)
    try bytes.field(1, reference)
    try bytes.field(2, amount)
    try bytes.field(3, currency)
    try bytes.field(4, exponent)
    try bytes.appendCBOR(unsigned: 5)
    try bytes.appendCBOR(text: source.extracting(template))
  }
}

extension Response {
  /// Appends the response to a code request that could be carried out.
  public static func encode<let capacity: Int>(
    _ reference: Reference, payload: Span<UInt8>, into bytes: inout Bytes<capacity>
  ) throws(Overflow) {
    try bytes.begin(.response, 5)
    try bytes.field(1, reference)
    try bytes.field(2, MessageType.code.rawValue)
    try bytes.field(3, true)
    try bytes.field(4, Reason.none.rawValue)
    try bytes.appendCBOR(unsigned: 5)
    try bytes.appendCBOR(text: payload)
  }
}
