// From UTF-8 to what a customer display can show: its code page, or else plain letters that read
// the same.

import Octets

/// The characters a display has. Raw values are the order of the board file's choices.
public enum CharacterSet: UInt8, Sendable, BitwiseCopyable {
  /// ASCII only.
  case ascii = 0
  case pc437 = 1
  case pc850 = 2
  /// 850 with the euro sign.
  case pc858 = 3
  case windows1252 = 4
  /// JIS X 0201: ASCII (with a yen sign for the backslash) and half-width katakana.
  case katakana = 5
  /// Simplified Chinese, two bytes and two columns a character.
  case gb2312 = 6
  /// Japanese, two bytes and two columns a character, half-width katakana in one.
  case shiftJIS = 7

  /// The code of a character in one byte, or in two; nil when the display does not have it.
  public func code(of scalar: UInt32) -> UInt16? {
    if (0x20...0x7E).contains(scalar) { return UInt16(scalar) }
    switch self {
    case .ascii: return nil
    case .pc437: return Self.find(scalar, in: CodeTables.pc437, digits: 2)
    case .pc850: return Self.find(scalar, in: CodeTables.pc850, digits: 2)
    case .pc858:
      return scalar == 0x20AC ? 0xD5 : Self.find(scalar, in: CodeTables.pc850, digits: 2)
    case .windows1252: return Self.find(scalar, in: CodeTables.windows1252, digits: 2)
    case .katakana: return Self.katakana(scalar)
    case .gb2312: return Self.find(scalar, in: CodeTables.gb2312, digits: 4)
    case .shiftJIS:
      return Self.katakana(scalar) ?? Self.find(scalar, in: CodeTables.shiftJIS, digits: 4)
    }
  }

  /// JIS X 0201 has the half-width forms of Unicode in the same order.
  private static func katakana(_ scalar: UInt32) -> UInt16? {
    (0xFF61...0xFF9F).contains(scalar) ? UInt16(scalar - 0xFF61 + 0xA1) : nil
  }

  /// Looks through a table of characters, each followed by `digits` hexadecimal ones.
  private static func find(_ scalar: UInt32, in table: StaticString, digits: Int) -> UInt16? {
    withLiteral(table) { table in
      var place = 0
      while let entry = UTF8Scalars.next(in: table, from: &place) {
        defer { place += digits }
        guard entry == scalar else { continue }
        var code: UInt16 = 0
        for digit in 0..<digits { code = code << 4 | UInt16(Hex.value(table[place + digit]) ?? 0) }
        return code
      }
      return nil
    }
  }

  /// Appends `text`, cut or filled with blanks to twenty columns. False when a character had
  /// neither a code nor a substitute, and then a question mark stands for it.
  func append<let capacity: Int>(
    _ text: Span<UInt8>, to line: inout Bytes<capacity>
  ) throws(Overflow) -> Bool {
    var (place, columns, isWhole) = (0, 0, true)
    while columns < CustomerDisplay.columns, let scalar = UTF8Scalars.next(in: text, from: &place) {
      if let code = code(of: scalar) {
        // Half of a character of double width would be another character.
        let width = code > 0xFF ? 2 : 1
        guard columns + width <= CustomerDisplay.columns else { break }
        if width == 2 { try line.append(UInt8(code >> 8)) }
        try line.append(UInt8(truncatingIfNeeded: code))
        columns += width
      } else {
        isWhole = try appendSubstitute(scalar, to: &line, &columns) && isWhole
      }
    }
    while columns < CustomerDisplay.columns {
      try line.append(UInt8(ascii: " "))
      columns += 1
    }
    return isWhole
  }

  private func appendSubstitute<let capacity: Int>(
    _ scalar: UInt32, to line: inout Bytes<capacity>, _ columns: inout Int
  ) throws(Overflow) -> Bool {
    let letters = Self.substitute(scalar)
    for index in 0..<2 where letters[index] != UInt8(ascii: "_") {
      guard columns < CustomerDisplay.columns else { break }
      try line.append(letters[index])
      columns += 1
    }
    return letters[0] != UInt8(ascii: "?") || scalar == 0xBF
  }

  private static func substitute(_ scalar: UInt32) -> InlineArray<2, UInt8> {
    withLiteral(CodeTables.substitutes) { table in
      var place = 0
      while let entry = UTF8Scalars.next(in: table, from: &place) {
        if entry == scalar { return [table[place], table[place + 1]] }
        place += 2
      }
      return [UInt8(ascii: "?"), UInt8(ascii: "_")]
    }
  }
}

/// Reads the characters of UTF-8 that this program wrote itself.
enum UTF8Scalars {
  static func next(in text: Span<UInt8>, from place: inout Int) -> UInt32? {
    guard place < text.count else { return nil }
    let first = text[place]
    let followers = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3
    guard place + followers < text.count else {
      place = text.count
      return nil
    }
    var scalar = followers == 0 ? UInt32(first) : UInt32(first) & (0x3F >> UInt32(followers))
    for offset in 0..<followers { scalar = scalar << 6 | UInt32(text[place + 1 + offset] & 0x3F) }
    place += followers + 1
    return scalar
  }
}
