import Octets
import Testing

@Suite("CRC-32C")
struct ChecksumTests {
  /// RFC 3720 appendix B.4 (which prints the value least significant byte first), and the check
  /// value of the CRC catalogue.
  static let vectors: [([UInt8], UInt32)] = [
    ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
    ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
    ((0..<32).map { UInt8($0) }, 0x46DD_794E),
    ((0..<32).map { UInt8(31 - $0) }, 0x113F_DB5C),
    (
      octets(
        "01C00000 00000000 00000000 00000000 14000000 00000400"
          + "00000014 00000018 28000000 00000000 02000000 00000000"), 0xD996_3A56
    ),
    (Array("123456789".utf8), 0xE306_9283),
    ([], 0),
  ]

  @Test("matches the published values, whole and byte by byte", arguments: vectors)
  func known(bytes: [UInt8], value: UInt32) {
    #expect(CRC32C.of(bytes.span) == value)
    var crc = CRC32C()
    for byte in bytes { crc.update(byte) }
    #expect(crc.value == value)
  }
}

@Suite("Hexadecimal text")
struct HexTests {
  @Test("reads both cases and writes upper case")
  func roundTrip() throws {
    var bytes = Bytes<4>()
    try Hex.decode(Array("00ffA5b7".utf8).span, into: &bytes)
    #expect(content(bytes) == [0x00, 0xFF, 0xA5, 0xB7])
    var text = Bytes<8>()
    try bytes.withBytes { (bytes) throws(Overflow) in try Hex.encode(bytes, into: &text) }
    #expect(content(text) == Array("00FFA5B7".utf8))
    #expect(throws: Overflow()) { try Hex.encode([1].span, into: &text) }
  }

  @Test(
    "refuses what is not hexadecimal and appends nothing",
    arguments: [
      ("0", HexError.oddLength), ("0g", .notHex(offset: 1)), ("12 4", .notHex(offset: 2)),
      ("001122334", .oddLength), ("0011223344", .tooLong), ("00:1", .notHex(offset: 2)),
      ("@0", .notHex(offset: 0)), ("/0", .notHex(offset: 0)), ("`0", .notHex(offset: 0)),
    ])
  func refused(text: String, expected: HexError) throws {
    var bytes = Bytes<5>()
    try bytes.append(0x77)
    let text = Array(text.utf8)
    #expect(throws: expected) { try Hex.decode(text.span, into: &bytes) }
    #expect(content(bytes) == [0x77])
  }
}

@Suite("Points and spans of time")
struct InstantTests {
  @Test("add, subtract and compare")
  func arithmetic() {
    let start = Instant(nanoseconds: 1_000)
    let later = start + .microseconds(2)
    #expect(later == Instant(nanoseconds: 3_000))
    #expect(start < later && later - start == .microseconds(2))
    #expect(start - later == Interval(nanoseconds: -2_000))
    #expect(.seconds(1) == .milliseconds(999) + .microseconds(1_000))
  }
}
