// Hexadecimal text, as key files, key blocks and diagnostics use it.

public enum Hex {
  /// The value of one hexadecimal digit, upper or lower case.
  public static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
  }

  /// The upper-case digit of the low four bits.
  public static func digit(_ nibble: UInt8) -> UInt8 {
    let low = nibble & 0xF
    return low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "A") + low - 10
  }

  /// Appends the bytes that `text` spells. Throws at an odd length, another character, or when
  /// `bytes` is full; then nothing was appended.
  public static func decode<let capacity: Int>(
    _ text: Span<UInt8>, into bytes: inout Bytes<capacity>
  ) throws(HexError) {
    guard text.count % 2 == 0 else { throw .oddLength }
    guard text.count / 2 <= bytes.room else { throw .tooLong }
    let before = bytes.count
    for index in text.indices {
      guard let digit = value(text[index]) else {
        bytes.truncate(to: before)
        throw .notHex(offset: index)
      }
      if index % 2 == 0 {
        do { try bytes.append(digit << 4) } catch { throw .tooLong }
      } else {
        bytes[bytes.count - 1] |= digit
      }
    }
  }

  /// Appends two upper-case digits per byte.
  public static func encode<let capacity: Int>(
    _ bytes: Span<UInt8>, into text: inout Bytes<capacity>
  ) throws(Overflow) {
    guard bytes.count * 2 <= text.room else { throw Overflow() }
    for index in bytes.indices {
      try text.append(digit(bytes[index] >> 4))
      try text.append(digit(bytes[index]))
    }
  }
}

public enum HexError: Error, Equatable {
  case oddLength
  case tooLong
  case notHex(offset: Int)
}
