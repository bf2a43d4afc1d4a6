// Base64 (RFC 4648 section 4), as consumer-presented codes use it. Only the one text that an
// encoder makes of some bytes is taken, so that two texts never mean the same code.

public enum Base64 {
  /// The value of one character of the alphabet; nil for any other, padding among them.
  static func value(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }

  /// Appends the bytes that `text` spells. Throws at a length that is no multiple of four, a
  /// character outside the alphabet, wrong padding, bits behind the last byte that are not zero, or
  /// when `bytes` is full; then nothing was appended.
  public static func decode<let capacity: Int>(
    _ text: Span<UInt8>, into bytes: inout Bytes<capacity>
  ) throws(Base64Error) {
    guard text.count % 4 == 0 else { throw .length }
    let padding = paddingCount(text)
    let size = text.count / 4 * 3 - padding
    guard size <= bytes.room else { throw .tooLong }
    let before = bytes.count
    do throws(Base64Error) {
      try append(text.extracting(0..<(text.count - padding)), to: &bytes)
    } catch {
      bytes.truncate(to: before)
      throw error
    }
  }

  private static func paddingCount(_ text: Span<UInt8>) -> Int {
    var count = 0
    while count < 2, count < text.count, text[text.count - 1 - count] == UInt8(ascii: "=") {
      count += 1
    }
    return count
  }

  private static func append<let capacity: Int>(
    _ text: Span<UInt8>, to bytes: inout Bytes<capacity>
  ) throws(Base64Error) {
    // The bits that do not fill a byte yet, and how many they are.
    var (pending, width): (UInt32, UInt32) = (0, 0)
    for index in text.indices {
      guard let value = value(text[index]) else { throw .character(offset: index) }
      pending = pending << 6 | UInt32(value)
      width += 6
      guard width >= 8 else { continue }
      width -= 8
      do { try bytes.append(UInt8(truncatingIfNeeded: pending >> width)) } catch { throw .tooLong }
      pending &= 1 << width - 1
    }
    guard pending == 0 else { throw .trailingBits }
  }
}

public enum Base64Error: Error, Equatable {
  /// No multiple of four characters.
  case length
  case character(offset: Int)
  /// Bits behind the last byte that an encoder would have left zero.
  case trailingBits
  case tooLong
}
