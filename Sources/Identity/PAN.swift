// The shape and the check digit of a primary account number (ISO/IEC 7812-1).

/// Primary account numbers are handed in as ASCII digits over borrowed memory and never kept.
public enum PAN {
  /// Digits of a PAN, check digit included (ISO/IEC 7812-1 section 4.1).
  public static let minimumLength = 8
  public static let maximumLength = 19

  /// Whether `pan` consists of 8 to 19 ASCII digits. Says nothing of the check digit.
  public static func isWellFormed(_ pan: Span<UInt8>) -> Bool {
    guard pan.count >= minimumLength, pan.count <= maximumLength else { return false }
    for index in pan.indices where digit(pan[index]) == nil { return false }
    return true
  }

  /// Whether the last digit is the check digit of those before it (ISO/IEC 7812-1 annex B, "Luhn").
  /// A well-formed number that fails is no reason to refuse a card: some issuers do not use it.
  public static func passesLuhn(_ pan: Span<UInt8>) -> Bool {
    guard isWellFormed(pan) else { return false }
    var sum = 0
    for index in pan.indices {
      guard let digit = digit(pan[index]) else { return false }
      let isDoubled = (pan.count - index) % 2 == 0
      let weighted = isDoubled ? digit * 2 : digit
      sum += weighted > 9 ? weighted - 9 : weighted
    }
    return sum % 10 == 0
  }

  /// The number that the first `count` digits spell, or nil when they are not there.
  static func leading(_ count: Int, of pan: Span<UInt8>) -> Int? {
    guard pan.count >= count else { return nil }
    var value = 0
    for index in 0..<count {
      guard let digit = digit(pan[index]) else { return nil }
      value = value * 10 + digit
    }
    return value
  }
}

/// The value of one ASCII digit.
func digit(_ character: UInt8) -> Int? {
  guard character >= UInt8(ascii: "0"), character <= UInt8(ascii: "9") else { return nil }
  return Int(character - UInt8(ascii: "0"))
}
