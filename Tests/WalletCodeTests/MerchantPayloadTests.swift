import Octets
import Testing

@testable import WalletCode

@Suite("A merchant's payload")
struct MerchantPayloadTests {
  private func payload(_ text: String) throws(MerchantPayloadError) -> MerchantPayload {
    try MerchantPayload(Array(text.utf8).span)
  }

  /// `fields` with the CRC that belongs to them.
  private func closed(_ fields: String) -> String {
    let crc = CRC16.of(Array((fields + "6304").utf8).span)
    let digits = String(crc, radix: 16, uppercase: true)
    return fields + "6304" + String(repeating: "0", count: 4 - digits.count) + digits
  }

  private let least = "00020126080004ABCD52044111530397858" + "02FR5904SHOP6005PARIS"

  @Test("is taken apart: EMVCo's example, whose lengths count characters")
  func example() throws {
    let bytes = Array(merchantSample.utf8)
    let payload = try payload(merchantSample)
    #expect(payload.isForOnePayment)
    #expect(payload.currency == 156)
    #expect(payload.amount.map { text(bytes.span.extracting($0)) } == "23.72")
    #expect(text(bytes.span.extracting(payload.merchantName)) == "BEST TRANSPORT")
    let additional = try #require(payload.additionalData)
    #expect(text(bytes.span.extracting(additional)) == "030412340603***0708A60086670902ME")
  }

  @Test("needs no more than its mandatory fields")
  func mandatory() throws {
    let payload = try payload(closed(least))
    #expect(!payload.isForOnePayment)
    #expect(payload.amount == nil)
    #expect(payload.additionalData == nil)
    #expect(payload.currency == 978)
  }

  @Test("is refused with one bit of the CRC or of the text wrong")
  func crc() {
    let good = Array(merchantSample.utf8)
    for place in good.indices {
      var bad = good
      bad[place] ^= 1
      #expect(throws: MerchantPayloadError.self) { try MerchantPayload(bad.span) }
    }
    #expect(throws: MerchantPayloadError.wrongCRC(expected: 0xA13A)) {
      try payload(String(merchantSample.dropLast(4)) + "A13B")
    }
  }

  @Test("is refused at every length but its own")
  func truncated() {
    for length in 0..<merchantSample.count {
      #expect(throws: MerchantPayloadError.self) {
        try payload(String(merchantSample.prefix(length)))
      }
    }
  }

  @Test("is refused when it is malformed")
  func malformed() {
    let cases: [(String, MerchantPayloadError)] = [
      ("", .missing(0)),
      ("010212", .order),
      ("01021200020126080004ABCD", .order),
      (closed("00020226080004ABCD"), .invalid(0)),
      (closed(least + "5303978"), .duplicate(53)),
      (closed("000201520441115303978" + "5802FR5904SHOP6005PARIS"), .missing(2)),
      (closed(String(least.dropLast(9))), .missing(60)),
      (closed(least.replacing("4111", with: "41x1")), .invalid(52)),
      (closed(least.replacing("5303978", with: "530297")), .invalid(53)),
      (closed(least + "5401x"), .invalid(54)),
      (closed(least + "54031.."), .invalid(54)),
      (closed(least + "5402.1"), .invalid(54)),
      (closed(least + "010213"), .invalid(1)),
      (closed(least) + "9901x", .order),
      (closed(least + "6200"), .malformed(offset: 58)),
      (closed(least + "99x1y"), .malformed(offset: 58)),
      (closed(least + "6203050"), .truncated(offset: 62)),
      (closed(least + "9901\u{7}"), .notText),
      (String(repeating: "0", count: 513), .tooLong),
    ]
    for (text, error) in cases {
      #expect(throws: error, "\(text)") { try payload(text) }
    }
  }

  @Test(
    "is made out for one payment",
    arguments: [
      (1250, 2, "12.50"), (5, 2, "0.05"), (100, 0, "100"), (1, 3, "0.001"),
      (999_999_999_999, 2, "9999999999.99"),
    ] as [(UInt64, UInt8, String)])
  func made(amount: UInt64, exponent: UInt8, expected: String) throws {
    let template = Array(closed(least).utf8)
    var made = Bytes<512>()
    try MerchantPayload.make(
      from: template.span, amount: amount, currency: 978, exponent: exponent,
      reference: Array("2026-11-22/0041".utf8).span, into: &made)
    let bytes = content(made)
    let payload = try MerchantPayload(bytes.span)
    #expect(payload.isForOnePayment)
    #expect(payload.amount.map { text(bytes.span.extracting($0)) } == expected)
    #expect(
      payload.additionalData.map { text(bytes.span.extracting($0)) } == "05152026-11-22/0041")
  }

  @Test("keeps what the acquirer put into it")
  func kept() throws {
    var made = Bytes<512>()
    try MerchantPayload.make(
      from: Array(merchantSample.utf8).span, amount: 5, currency: 156, exponent: 2,
      reference: Array("R1".utf8).span, into: &made)
    let expected =
      "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN"
      + "5914BEST TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京53031565404"
      + "0.05" + "55020191"
      + "320016A011223344998877070812345678" + "62" + "39030412340603***0708A60086670902ME0502R1"
    #expect(made.withBytes { text($0) } == closed(expected))
  }

  @Test("is not made from what does not fit")
  func refused() {
    let template = Array(closed(least).utf8)
    var made = Bytes<512>()
    let cases: [(UInt64, UInt16, String, MerchantPayloadError)] = [
      (0, 978, "R", .invalid(54)), (1, 840, "R", .currency), (1, 978, "", .invalid(62)),
      (1, 978, String(repeating: "R", count: 26), .invalid(62)),
      (10_000_000_000_000, 978, "R", .invalid(54)),
    ]
    for (amount, currency, reference, error) in cases {
      #expect(throws: error) {
        try MerchantPayload.make(
          from: template.span, amount: amount, currency: currency, exponent: 2,
          reference: Array(reference.utf8).span, into: &made)
      }
      #expect(made.withBytes { $0.isEmpty })
    }
    let long = Array(
      closed(least + (70...79).map { "\($0)40" + String(repeating: "x", count: 40) }.joined()).utf8)
    #expect(long.count > 460)
    #expect(throws: MerchantPayloadError.tooLong) {
      try MerchantPayload.make(
        from: long.span, amount: 1, currency: 978, exponent: 2,
        reference: Array("R23456789012345678901234".utf8).span, into: &made)
    }
  }
}
