import Octets
import Testing

@testable import WalletCode

@Suite("A scanned code")
struct ScannedCodeTests {
  private func match(_ code: String) throws(ScannedCodeError) -> WalletMatch {
    var scanned = ScannedCode()
    try scanned.read(Array(code.utf8).span)
    return scanned.match
  }

  /// The first is the example of Alipay+'s code format, the second that of its code types, the
  /// third of its older codes; others keep the published lengths and first digits.
  @Test(
    "comes with the rule that decided and the other claimant",
    arguments: [
      ("251001020123456789012345", .alipayPlus, "25-30, 24", .alipay),
      ("281010897274821897274821", .alipayPlus, "25-30, 24", .alipay),
      ("2893612204263667830", .alipayPlus, "289...6....., 19", .alipay),
      ("28024456785672301", .alipay, "28, 17-19", .alipayPlus),
      ("280244567856723026", .alipay, "28, 17-19", .alipayPlus),
      ("2890000000000567830", .alipay, "28, 17-19", .alipayPlus),
      ("2803612204263667830", .alipay, "28, 17-19", .alipayPlus),
      ("2500000000000001", .alipay, "25-30, 16-19", nil),
      ("3000000000000000001", .alipay, "25-30, 16-19", nil),
      ("26000000000000000001", .alipay, "25-30, 20-23", .alipayPlus),
      ("26000000000000000000001", .alipay, "25-30, 20-23", .alipayPlus),
      ("2700000000000000000000001", .alipayPlus, "25-30, 25-32", nil),
      ("30000000000000000000000000000001", .alipayPlus, "25-30, 25-32", nil),
      ("100000000000000001", .weChatPay, "10-15, 18", nil),
      ("134567890123456789", .weChatPay, "10-15, 18", nil),
      ("150000000000000001", .weChatPay, "10-15, 18", nil),
      ("6200000000000000001", .unionPay, "62, 19", nil),
    ] as [(String, Wallet, String, Wallet?)])
  func decided(code: String, wallet: Wallet, rule: String, overlaps: Wallet?) throws {
    let match = try match(code)
    #expect(match.wallet == wallet)
    #expect("\(match.rule)" == rule)
    #expect(match.overlaps == overlaps)
  }

  @Test(
    "that no rule takes is unknown",
    arguments: [
      "", "1", "4006381333931", "09000000000000001", "160000000000000001", "250000000000001",
      "240000000000000001", "310000000000000001", "10000000000000001", "1000000000000000001",
      "620000000000000001", "62000000000000000001", "270000000000000000000000000000001",
      "13456789012345678a", "https://example.org/", "4111111111111111", "wxp://f2f0abc",
      "5555555555554444", " 134567890123456789", "hQVDUFYw",
    ])
  func unknown(code: String) {
    #expect(throws: ScannedCodeError.unknown) { try match(code) }
  }

  @Test("has a published number and a name")
  func published() {
    let names = (0...5).map { Wallet(rawValue: $0).map { "\($0.name)" } }
    #expect(names == ["unknown", "Alipay", "Alipay+", "WeChat Pay", "UnionPay", "EMVCo"])
    #expect(Wallet(rawValue: 6) == nil)
  }

  @Test("of digits is kept as it is, and wiped on request")
  func content() throws {
    var scanned = ScannedCode()
    try scanned.read(Array("134567890123456789".utf8).span)
    #expect(scanned.withContent { text($0) } == "134567890123456789")
    scanned.wipe()
    #expect(scanned.withContent { $0.count } == 0)
    let match = scanned.match
    #expect(match.wallet == .unknown)
  }

  @Test("that was refused leaves nothing behind")
  func refused() throws {
    var scanned = ScannedCode()
    try scanned.read(Array("134567890123456789".utf8).span)
    #expect(throws: ScannedCodeError.unknown) { try scanned.read(Array("1345".utf8).span) }
    #expect(scanned.withContent { $0.count } == 0)
    let match = scanned.match
    #expect(match.wallet == .unknown)
  }

  @Test(
    "is masked: the wallet's mark and four digits at most, as many stars whatever its length",
    arguments: [
      ("134567890123456789", 6, 4, "13********6789"), ("134567890123456789", 2, 2, "13********89"),
      ("134567890123456789", 0, 0, "********"), ("134567890123456789", -1, 9, "********6789"),
      ("251001020123456789012345", 6, 4, "25********2345"), ("4006381333931", 6, 4, "********"),
      ("hQVDUFYwMWETTwegAAAA", 6, 4, "********"), ("", 6, 4, "********"),
    ])
  func masked(code: String, leading: Int, trailing: Int, expected: String) throws {
    var masked = Bytes<14>()
    try CodeMask.mask(Array(code.utf8).span, leading: leading, trailing: trailing, into: &masked)
    #expect(masked.withBytes { text($0) } == expected)
    #expect(CodeMask.maximumLength == 14)
  }

  @Test("does not fit, masked, in a smaller buffer")
  func maskOverflow() {
    var masked = Bytes<13>()
    #expect(throws: Overflow()) {
      try CodeMask.mask(
        Array("134567890123456789".utf8).span, leading: 2, trailing: 4, into: &masked)
    }
    #expect(masked.withBytes { $0.isEmpty })
  }
}

@Suite("A consumer-presented code")
struct ConsumerCodeTests {
  private static let format: [UInt8] = tlv([0x85], Array("CPV01".utf8))
  private static let application = tlv([0x61], tlv([0x4F], [0xA0, 0, 0, 3, 0x33, 1, 1, 1]))

  @Test("is taken apart: EMVCo's example")
  func example() throws {
    var scanned = ScannedCode()
    try scanned.read(Array(consumerSample.utf8).span)
    let match = scanned.match
    #expect(match.wallet == .emvCo)
    #expect("\(match.rule)" == "CPV01")
    let consumer = scanned.consumer
    let code = try #require(consumer)
    let bytes = scanned.withContent { span in span.indices.map { span[$0] } }
    #expect(bytes.count == 124)
    #expect(code.applicationCount == 2)
    #expect(Array(bytes[code.applicationName]) == [0xA0, 0, 0, 0, 0x55, 0x55, 0x55])
    let account = try #require(code.accountNumber)
    #expect(Array(bytes[account]) == [0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x58])
    #expect(code.track2 == nil)
    let languages = try #require(code.languages)
    #expect(String(decoding: bytes[languages], as: UTF8.self) == "ruesdeen")
    // The example has its cryptogram in the common template itself.
    #expect(code.hasCryptogram)
  }

  @Test("has what is common only where the application does not say it")
  func merging() throws {
    let own = tlv([0x61], tlv([0x4F], Array(repeating: 1, count: 7)) + tlv([0x5A], [1, 2, 3, 4]))
    let other = tlv([0x61], tlv([0x4F], Array(repeating: 2, count: 7)) + tlv([0x57], [9]))
    let common = tlv(
      [0x62], tlv([0x5A], [5, 6, 7, 8]) + tlv([0x64], tlv([0x9F, 0x26], [1]) + tlv([0x57], [8])))
    let bytes = Self.format + own + other + common
    let code = try ConsumerCode(bytes.span)
    #expect(code.accountNumber.map { Array(bytes[$0]) } == [1, 2, 3, 4])
    #expect(code.track2.map { Array(bytes[$0]) } == [8])
    #expect(code.hasCryptogram)
    #expect(code.applicationCount == 2)
  }

  static let malformed: [([UInt8], ConsumerCodeError)] = [
    ([], .notFirst),
    (application, .notFirst),
    (tlv([0x85], Array("CPV02".utf8)) + application, .notFirst),
    (format, .applications),
    (format + Array(repeating: application, count: 9).flatMap { $0 }, .applications),
    (format + tlv([0x61], tlv([0x50], [1])), .applicationName),
    (format + tlv([0x61], tlv([0x4F], [1, 2, 3, 4])), .applicationName),
    (format + format + application, .duplicate(0x85)),
    (format + application + tlv([0x62], []) + tlv([0x62], []), .duplicate(0x62)),
    (format + application + tlv([0x62], tlv([0x57], [1]) + tlv([0x57], [1])), .duplicate(0x57)),
    (format + application + tlv([0x62], tlv([0x5A], [1, 2, 3])), .invalid(0x5A)),
    (format + application + tlv([0x62], tlv([0x5F, 0x2D], [1, 2, 3])), .invalid(0x5F2D)),
    (
      format + application + tlv([0x62], tlv([0x57], Array(repeating: 1, count: 20))),
      .invalid(0x57)
    ),
    (format + [0x61, 0x7F, 0x4F], .malformed(.truncated)),
    (format + application + tlv([0x62], [0x5A, 9, 1]), .malformed(.truncated)),
    (format + application + [0x62, 0x83, 0, 0, 0], .malformed(.longLength)),
  ]

  @Test("is refused when it is malformed", arguments: malformed)
  func refused(bytes: [UInt8], error: ConsumerCodeError) {
    #expect(throws: error) { try ConsumerCode(bytes.span) }
  }

  @Test("is refused at every length but its own")
  func truncated() {
    let characters = Array(consumerSample.utf8)
    for length in 9..<characters.count {
      var scanned = ScannedCode()
      // A text cut between templates is a shorter code; every other cut is an error.
      let isCode = (try? scanned.read(Array(characters[..<length]).span)) != nil
      let account = scanned.consumer?.accountNumber
      #expect(!isCode || account == nil, "\(length) characters")
    }
  }

  @Test("in damaged base64 is refused, not taken for another kind")
  func damaged() {
    var scanned = ScannedCode()
    for damage in ["hQVDUFYwM", "hQVDUFYwM!==", consumerSample + "====", consumerSample + " "] {
      #expect(throws: ScannedCodeError.self) { try scanned.read(Array(damage.utf8).span) }
    }
    let long = "hQVDUFYwM" + String(repeating: "A", count: 507)
    #expect(throws: ScannedCodeError.consumer(.base64(.tooLong))) {
      try scanned.read(Array(long.utf8).span)
    }
  }
}
