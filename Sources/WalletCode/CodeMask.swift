// What may be shown of a payment code: it is worth money until it is used.

import Octets

/// How many digits of a code stay readable.
public enum CodeMask {
  /// The wallet's mark, which says nothing of the payer.
  public static let mostLeading = 2
  public static let mostTrailing = 4
  /// Stars stand for what is hidden, always as many: how long the code was stays hidden too.
  public static let stars = 8
  public static let maximumLength = mostLeading + stars + mostTrailing

  /// Appends a masked `code`. Of anything but 16 or more digits nothing is shown. `leading` and
  /// `trailing` can ask for less than the limits above.
  public static func mask<let capacity: Int>(
    _ code: Span<UInt8>, leading: Int, trailing: Int, into text: inout Bytes<capacity>
  ) throws(Overflow) {
    let isShown = isDigits(code) && code.count >= 16
    let first = isShown ? min(max(leading, 0), mostLeading) : 0
    let last = isShown ? min(max(trailing, 0), mostTrailing) : 0
    guard first + stars + last <= text.room else { throw Overflow() }
    try text.append(code.extracting(0..<first))
    for _ in 0..<stars { try text.append(UInt8(ascii: "*")) }
    try text.append(code.extracting((code.count - last)..<code.count))
  }

  private static func isDigits(_ code: Span<UInt8>) -> Bool {
    for index in code.indices where !ScannedText.isDigit(code[index]) { return false }
    return true
  }
}
