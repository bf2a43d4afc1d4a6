// Scans of the show: payment codes held before the virtual scanner, what must come of each, and
// what the customer reads meanwhile.

import Foundation
import Glibc
import Link
import Octets
import Register

/// One scan of the show.
struct ScanScene {
  var title: String
  /// What the scanner sends, its line's end included, in pieces that arrive apart.
  var pieces: [String]
  var expected: Expectation
  /// ISO 639-1, when the request names one.
  var language: String?
  /// How the display's upper line begins while the code is awaited.
  var invitation: String

  enum Expectation {
    /// The number of the wallet, how the code is shown, and what the acquirer finds.
    case wallet(UInt8, masked: String, code: [UInt8])
    case refusal(Reason, Prompt)
  }

  private static let weChat = "134567890123456789"
  private static let alipay = "251001020123456789012345"
  /// EMVCo's own example of a consumer-presented code.
  private static let consumer =
    "hQVDUFYwMWETTwegAAAAVVVVUAhQcm9kdWN0MWETTwegAAAAZmZmUAhQcm9kdWN0MmJJWggSNFZ4kBI0WF8gDkNB"
    + "UkRIT0xERVIvRU1WXy0IcnVlc2RlZW5kIZ8QBwYBCgMAAACfJghYT9OF+iNLzJ82AgABnzcEbVjvEw=="
  /// Secrets that nobody may tell.
  static let codes = [weChat, alipay, consumer]

  static func show() -> [ScanScene] {
    let decoded = Data(base64Encoded: consumer).map { [UInt8]($0) } ?? []
    return [
      ScanScene(
        title: "WeChat Pay, with an AIM identifier, in three pieces",
        pieces: ["]Q1134", "56789012345", "6789\r\n"],
        expected: .wallet(67, masked: "13********6789", code: Array(weChat.utf8)),
        invitation: "Show payment code"),
      ScanScene(
        title: "the same code again", pieces: [weChat + "\r"],
        expected: .refusal(.cardBlocked, .codeUsed), invitation: "Show payment code"),
      ScanScene(
        title: "Alipay+, customer reads French", pieces: [alipay + "\n"],
        expected: .wallet(66, masked: "25********2345", code: Array(alipay.utf8)), language: "fr",
        invitation: "Présentez votre code"),
      ScanScene(
        title: "EMVCo consumer-presented code", pieces: [consumer + "\r"],
        expected: .wallet(69, masked: "********", code: decoded), language: "de",
        invitation: "Zahlcode vorzeigen"),
      ScanScene(
        title: "a bottle's bar code", pieces: ["4006381333931\r"],
        expected: .refusal(.cardUnknown, .tryAnotherCard), invitation: "Show payment code"),
    ]
  }
}

extension Show {
  mutating func play(_ scene: ScanScene, at kiosk: VirtualKiosk) throws {
    let reference = begin("scan: " + scene.title)
    var request = PaymentRequest.demo(reference, amount: 1_250, methods: .walletCode)
    request.language = scene.language.flatMap { LanguageCode(Array($0.utf8).span) }
    try kiosk.arm(request)
    if !kiosk.display.shows(scene.invitation) { fail("the display shows \(kiosk.display.text)") }
    show(kiosk.display)
    let start = kiosk.register.heard.count
    for piece in scene.pieces {
      kiosk.scan(piece)
      usleep(3_000)
    }
    let heard = kiosk.register.wait(from: start) { $0.endsSwipe }
    guard let heard else { return fail("nothing came of it; firmware: \(kiosk.program.said)") }
    switch (scene.expected, heard.event) {
    case (.wallet(let wallet, let masked, let code), .record):
      try check(try kiosk.open(heard.sealed), wallet, masked, code, reference)
    case (.refusal(let reason, let prompt), .event(let event)):
      print("   register: not taken, reason \(hexadecimal([event.reason.rawValue]))")
      if event.reason != reason || event.prompt != prompt { fail("another refusal: \(event)") }
      usleep(20_000)
      show(kiosk.display)
      try abandon(reference, at: kiosk)
    default:
      fail("not what was expected; firmware:\n\(kiosk.program.said)")
      try abandon(reference, at: kiosk)
    }
    if kiosk.display.strangers > 0 { fail("the display does not know a command") }
  }

  private func show(_ display: VirtualDisplay) {
    print("   display:  | " + display.text.joined(separator: " | ") + " |")
  }

  private mutating func check(
    _ record: OpenedRecord, _ wallet: UInt8, _ masked: String, _ code: [UInt8],
    _ reference: String
  ) throws {
    let found = String(decoding: record.code, as: UTF8.self)
    print(
      """
         register: \(record.reference)  \(money(record.amount.minorUnits)) EUR  scan  \
      wallet \(record.scheme ?? 0)  \(record.maskedPAN)  KSN \(hexadecimal(record.ksn))
         acquirer: \(code.contains { $0 > 126 } ? hexadecimal(record.code) : found)
      """)
    if record.code != code { fail("another code") }
    if record.scheme != wallet { fail("another wallet") }
    if record.maskedPAN != masked { fail("masked otherwise") }
    if record.entryMode != 3 { fail("entry mode \(record.entryMode)") }
    if record.reference != reference { fail("another reference") }
    note(ksn: record.ksn)
  }
}
