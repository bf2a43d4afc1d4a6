// Bytes as base64 (RFC 4648 section 4), padded.

extension Bytes {
  /// Appends `content` as base64; throws, and appends nothing, when it does not fit.
  public mutating func append(base64 content: Span<UInt8>) throws(Overflow) {
    guard (content.count + 2) / 3 * 4 <= room else { throw Overflow() }
    var at = 0
    while at < content.count {
      var group: UInt32 = 0
      for place in 0..<3 {
        group = group << 8 | (at + place < content.count ? UInt32(content[at + place]) : 0)
      }
      let characters = min(content.count - at, 3) + 1
      for place in 0..<4 {
        let six = UInt8(truncatingIfNeeded: group >> UInt32(18 - 6 * place)) & 0x3F
        try append(place < characters ? Self.base64Character(six) : UInt8(ascii: "="))
      }
      at += 3
    }
  }

  private static func base64Character(_ value: UInt8) -> UInt8 {
    switch value {
    case 0..<26: UInt8(ascii: "A") + value
    case 26..<52: UInt8(ascii: "a") + value - 26
    case 52..<62: UInt8(ascii: "0") + value - 52
    case 62: UInt8(ascii: "+")
    default: UInt8(ascii: "/")
    }
  }

  /// Appends a decimal number.
  public mutating func append(decimal number: UInt64) throws(Overflow) {
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var rest = number
    var first = 20
    repeat {
      first -= 1
      digits[first] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    } while rest > 0
    try append(digits.span.extracting(first..<20))
  }

  /// Appends `content` as lower-case hexadecimal digits.
  public mutating func append(hex content: Span<UInt8>) throws(Overflow) {
    guard content.count * 2 <= room else { throw Overflow() }
    for index in content.indices {
      // Bit 5 makes a letter a small one, and is set in a digit.
      try append(Hex.digit(content[index] >> 4) | 0x20)
      try append(Hex.digit(content[index]) | 0x20)
    }
  }
}
