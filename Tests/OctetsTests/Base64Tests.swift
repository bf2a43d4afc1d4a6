import Octets
import Testing

@Suite("Base64")
struct Base64Tests {
  /// RFC 4648 section 10.
  @Test(
    "is read as RFC 4648 writes it",
    arguments: [
      ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"),
      ("Zm9vYmE=", "fooba"), ("Zm9vYmFy", "foobar"),
    ])
  func vectors(text: String, expected: String) throws {
    var bytes = Bytes<6>()
    try Base64.decode(Array(text.utf8).span, into: &bytes)
    #expect(content(bytes) == Array(expected.utf8))
  }

  @Test("has 64 characters, in their order")
  func alphabet() throws {
    let text = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    var bytes = Bytes<48>()
    try Base64.decode(Array(text.utf8).span, into: &bytes)
    var bits = 0
    for place in 0..<64 {
      let byte = place * 6 / 8
      let pair = Int(bytes[byte]) << 8 | (byte + 1 < 48 ? Int(bytes[byte + 1]) : 0)
      bits = pair >> (10 - place * 6 % 8) & 63
      #expect(bits == place)
    }
  }

  @Test(
    "that no encoder writes is refused",
    arguments: [
      ("Zg", Base64Error.length), ("Zg=", .length), ("Zh==", .trailingBits),
      ("Zm9=", .trailingBits), ("Z===", .character(offset: 1)), ("====", .character(offset: 0)),
      ("Zg==Zg==", .character(offset: 2)), ("Zm-v", .character(offset: 2)),
      ("Zm9v\nZg=", .character(offset: 4)), ("Zm9vYmFyZm9v", .tooLong),
    ])
  func refused(text: String, error: Base64Error) {
    var bytes = Bytes<6>()
    #expect(throws: error) { try Base64.decode(Array(text.utf8).span, into: &bytes) }
    #expect(content(bytes) == [])
  }
}

@Suite("Decimal text")
struct DecimalTests {
  @Test(
    "has the places of its currency",
    arguments: [
      (0, 0, "0"), (0, 2, "0.00"), (5, 2, "0.05"), (1250, 2, "12.50"), (1250, 0, "1250"),
      (1, 4, "0.0001"), (UInt64.max, 0, "18446744073709551615"),
      (UInt64.max, 4, "1844674407370955.1615"),
    ] as [(UInt64, Int, String)])
  func text(value: UInt64, places: Int, expected: String) throws {
    var bytes = Bytes<21>()
    try bytes.appendDecimal(value, places: places)
    #expect(content(bytes) == Array(expected.utf8))
  }

  @Test("does not fit a smaller buffer")
  func overflow() {
    var bytes = Bytes<4>()
    #expect(throws: Overflow()) { try bytes.appendDecimal(1250, places: 2) }
    #expect(content(bytes) == [])
  }
}

@Suite("CRC-16/CCITT-FALSE")
struct CRC16Tests {
  @Test("has the check value of the RevEng catalogue")
  func check() { #expect(CRC16.of(Array("123456789".utf8).span) == 0x29B1) }
}
