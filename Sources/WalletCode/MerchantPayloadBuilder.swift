// From the payload that an acquirer gives a merchant to the one of a single payment: with its
// amount, its reference and a new CRC.

import Octets

extension MerchantPayload {
  /// Characters of a reference label (table 5.1).
  public static let referenceLimit = 25

  /// Replaces the content of `payload` with the merchant's `template`, made out for one payment.
  ///
  /// Fields 01, 54 and 63 are set anew, 05 in field 62 becomes `reference`, all others stay, in
  /// their order. `template` is a whole payload, its CRC included: see `init`. `amount` is in
  /// minor units with `exponent` decimal places. When it throws, `payload` is empty.
  public static func make(
    from template: Span<UInt8>, amount: UInt64, currency: UInt16, exponent: UInt8,
    reference: Span<UInt8>, into payload: inout Bytes<512>
  ) throws(MerchantPayloadError) {
    payload.removeAll()
    do throws(MerchantPayloadError) {
      let merchant = try MerchantPayload(template)
      guard merchant.currency == currency else { throw .currency }
      guard amount > 0 else { throw .invalid(Field.amount) }
      try append(template, amount: amount, exponent: exponent, to: &payload)
      try appendAdditionalData(template, merchant.additionalData, reference, to: &payload)
      try appendCRC(to: &payload)
    } catch {
      payload.removeAll()
      throw error
    }
  }

  /// Everything but additional data and CRC.
  private static func append(
    _ template: Span<UInt8>, amount: UInt64, exponent: UInt8, to payload: inout Bytes<512>
  ) throws(MerchantPayloadError) {
    var text = Bytes<13>()
    do { try text.appendDecimal(amount, places: Int(exponent)) } catch {
      throw .invalid(Field.amount)
    }
    var fields = MerchantFields(template)
    while let field = try fields.next() {
      switch field.identifier {
      case Field.initiation, Field.amount, Field.additional, Field.crc: continue
      default:
        try payload.add(field.identifier, template.extracting(field.value))
      }
      if field.identifier == Field.format {
        try withLiteral("12") { (dynamic) throws(MerchantPayloadError) in
          try payload.add(Field.initiation, dynamic)
        }
      } else if field.identifier == Field.currency {
        try text.withBytes { (text) throws(MerchantPayloadError) in
          try payload.add(Field.amount, text)
        }
      }
    }
  }

  /// Field 62 of the template with another reference label.
  private static func appendAdditionalData(
    _ template: Span<UInt8>, _ range: Range<Int>?, _ reference: Span<UInt8>,
    to payload: inout Bytes<512>
  ) throws(MerchantPayloadError) {
    guard !reference.isEmpty, reference.count <= referenceLimit else {
      throw .invalid(Field.additional)
    }
    // 99 characters of at most four bytes, and a label.
    var inner = Bytes<512>()
    if let range {
      var fields = MerchantFields(template, in: range)
      while let field = try fields.next() {
        guard field.identifier != Field.referenceLabel else { continue }
        try inner.add(field.identifier, template.extracting(field.value))
      }
    }
    try inner.add(Field.referenceLabel, reference)
    try inner.withBytes { (inner) throws(MerchantPayloadError) in
      try payload.add(Field.additional, inner)
    }
  }

  private static func appendCRC(to payload: inout Bytes<512>) throws(MerchantPayloadError) {
    do throws(Overflow) {
      try payload.append("6304")
      let crc = payload.withBytes { CRC16.of($0) }
      for place in 0..<4 {
        try payload.append(Hex.digit(UInt8(truncatingIfNeeded: crc >> UInt16(4 * (3 - place)))))
      }
    } catch { throw .tooLong }
  }
}

extension Bytes<512> {
  /// Appends a field. Its length is that in characters.
  fileprivate mutating func add(
    _ identifier: UInt8, _ value: Span<UInt8>
  ) throws(MerchantPayloadError) {
    var length = 0
    for index in value.indices where value[index] & 0xC0 != 0x80 { length += 1 }
    guard length > 0, length <= 99 else { throw .invalid(identifier) }
    do throws(Overflow) {
      try append(UInt8(ascii: "0") + identifier / 10)
      try append(UInt8(ascii: "0") + identifier % 10)
      try append(UInt8(ascii: "0") + UInt8(length / 10))
      try append(UInt8(ascii: "0") + UInt8(length % 10))
      try append(value)
    } catch { throw .tooLong }
  }
}
