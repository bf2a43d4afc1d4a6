// Decimal text: numbers out of it, and amounts in minor units into it, with as many places as their
// currency has.

/// The number that `digits` spell; nil for anything else, for nothing, and for more than 18 digits.
public func decimal(_ digits: Span<UInt8>) -> UInt64? {
  guard digits.count > 0, digits.count <= 18 else { return nil }
  var number: UInt64 = 0
  for place in digits.indices {
    let digit = digits[place] &- UInt8(ascii: "0")
    guard digit <= 9 else { return nil }
    number = number * 10 + UInt64(digit)
  }
  return number
}

extension Bytes {
  /// Appends `value` in decimal with `places` digits behind `point`, such as 1250 with two places
  /// as `12.50`. Without places there is no point. Throws when it does not fit; then nothing was
  /// appended.
  public mutating func appendDecimal(
    _ value: UInt64, places: Int = 0, point: UInt8 = UInt8(ascii: ".")
  ) throws(Overflow) {
    var digits = 1
    var rest = value / 10
    while rest > 0 {
      digits += 1
      rest /= 10
    }
    digits = max(digits, places + 1)
    guard digits + (places > 0 ? 1 : 0) <= room else { throw Overflow() }
    for place in stride(from: digits - 1, through: 0, by: -1) {
      try append(UInt8(ascii: "0") + Self.digit(place, of: value))
      if place == places, places > 0 { try append(point) }
    }
  }

  /// The digit that stands for 10 to the power of `place`.
  private static func digit(_ place: Int, of value: UInt64) -> UInt8 {
    var rest = value
    for _ in 0..<place { rest /= 10 }
    return UInt8(rest % 10)
  }
}
