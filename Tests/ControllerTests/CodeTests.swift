// Payment by a scanned code, from the scanner's bytes to the record, and what the customer reads.

import Controller
import Display
import Link
import Magstripe
import Octets
import Register
import Simulator
import Testing
import Vault

private let weChat = "134567890123456789"
private let consumer =
  "hQVDUFYwMWETTwegAAAAVVVVUAhQcm9kdWN0MWETTwegAAAAZmZmUAhQcm9kdWN0MmJJWggSNFZ4kBI0WF8gDkNBUkRI"
  + "T0xERVIvRU1WXy0IcnVlc2RlZW5kIZ8QBwYBCgMAAACfJghYT9OF+iNLzJ82AgABnzcEbVjvEw=="

extension Kiosk {
  /// A kiosk with a scanner and a display in plain ASCII.
  fileprivate static func withScanner(_ keys: KeyAlgorithm = .tdes) -> Kiosk {
    var options = KioskOptions()
    options.keys = keys
    options.attachments.hasScanner = true
    options.attachments.display = DisplaySettings(commands: .escPOS, characters: .ascii)
    return Kiosk(options)
  }

  fileprivate func ask(
    _ name: String, _ methods: Methods = .walletCode, language: String? = nil
  ) -> Bool {
    var request = payment(name)
    request.methods = methods
    request.language = language.flatMap { LanguageCode(Array($0.utf8).span) }
    world.register.pay(request)
    return run(until: { told(.waitingForCard, name) || response(name)?.isAccepted == false })
      && told(.waitingForCard, name)
  }

  fileprivate func scan(_ text: String) { world.surroundings.scan(Array(text.utf8).span) }

  /// The customer's two lines, as they were sent last.
  fileprivate var shown: [String] {
    let text = world.surroundings.displayed.array
    guard text.count >= 48 else { return [] }
    return [text.suffix(44).prefix(20), text.suffix(20)].map {
      String(decoding: $0, as: UTF8.self).split(separator: " ").joined(separator: " ")
    }
  }

  fileprivate func openedCard(_ keys: KeyAlgorithm = .tdes) throws -> (
    text: [UInt8], isConsumer: Bool
  ) {
    let record = try world.openRecord()
    var plain = Bytes<240>()
    try record.ciphertext.withBytes { block in
      try record.ksn.withBytes { ksn in
        try AcquirerHost.test(keys).decrypt(block, ksn: ksn, into: &plain)
      }
    }
    let card = try plain.withBytes { try CardData(decoding: $0) }
    return (card.code.array, card.isConsumerCode)
  }
}

@Suite("A scanned code")
struct CodeTests {
  @Test(
    "becomes a record that never takes it for a card",
    arguments: [
      ("\(weChat)\r", "13********6789", 67, "10-15, 18", nil),
      ("]Q1\(weChat)\r\n", "13********6789", 67, "10-15, 18", nil),
      ("251001020123456789012345\n", "25********2345", 66, "25-30, 24", 65),
      ("2500000000000001\r", "25********0001", 65, "25-30, 16-19", 2),
      ("6200000000000000001\r", "62********0001", 68, "62, 19", 7),
      ("\(consumer)\r", "********", 69, "CPV01", nil),
    ] as [(String, String, UInt8, String, UInt8?)])
  func record(
    line: String, masked: String, scheme: UInt8, rule: String, overlap: UInt8?
  ) throws {
    let kiosk = Kiosk.withScanner()
    #expect(kiosk.ask("A"))
    kiosk.scan(line)
    #expect(kiosk.run(until: { kiosk.records.count == 1 }))
    let record = try kiosk.world.openRecord()
    #expect(record.entryMode == .code)
    #expect(record.maskedPAN.text == masked)
    #expect(record.scheme == scheme && record.schemeOverlap == overlap)
    #expect(record.schemeRule.text == rule)
    #expect(record.token.withBytes { $0.isEmpty } && record.expiry.withBytes { $0.isEmpty })
    #expect(record.swipe == nil && record.account == .unknown)
    #expect(kiosk.run(until: { kiosk.told(.captured, "A") }))
  }

  @Test("is encrypted like card data", arguments: [KeyAlgorithm.tdes, .aes128])
  func encrypted(keys: KeyAlgorithm) throws {
    let kiosk = Kiosk.withScanner(keys)
    #expect(kiosk.ask("A"))
    kiosk.scan("]Q1\(weChat)\r")
    #expect(kiosk.run(until: { kiosk.records.count == 1 }))
    let digits = try kiosk.openedCard(keys)
    #expect(digits.text == Array(weChat.utf8) && !digits.isConsumer)
    #expect(kiosk.ask("B"))
    kiosk.scan("\(consumer)\r")
    #expect(kiosk.run(until: { kiosk.records.count == 2 }))
    let decoded = try kiosk.openedCard(keys)
    #expect(
      decoded.text.count == 124 && decoded.text.starts(with: [0x85, 5]) && decoded.isConsumer)
  }

  @Test("leaves at its slot, as a card does")
  func slot() throws {
    let kiosk = Kiosk.withScanner()
    #expect(kiosk.ask("A"))
    kiosk.scan("\(weChat)\r")
    let scannedAt = kiosk.now
    #expect(kiosk.run(until: { kiosk.occurrence(.released) != nil }))
    let latency = try #require(kiosk.occurrence(.released)).at - scannedAt
    #expect(latency >= .milliseconds(10) && latency <= .milliseconds(12))
  }

  @Test("that was taken is refused for ten minutes, and spends no key")
  func repeated() throws {
    let kiosk = Kiosk.withScanner()
    #expect(kiosk.ask("A"))
    kiosk.scan("\(weChat)\r")
    #expect(kiosk.run(until: { kiosk.records.count == 1 }))
    #expect(kiosk.ask("B"))
    // The same code behind an AIM identifier is the same code.
    kiosk.scan("]Q1\(weChat)\r")
    #expect(kiosk.run(until: { kiosk.told(.cardNotReadable, "B") }))
    #expect(kiosk.occurrence(.scanRefused)?.detail == UInt16(Reason.cardBlocked.rawValue))
    #expect(kiosk.shown == ["Code already used", "12.50 EUR"])
    kiosk.scan("\(weChat.dropLast())8\r")
    #expect(kiosk.run(until: { kiosk.records.count == 2 }))
    let record = try kiosk.world.openRecord()
    #expect(record.ksn[record.ksn.count - 1] == 2)
  }

  @Test(
    "that is none is refused, and the customer may try again",
    arguments: [
      ("4006381333931\r", Reason.cardUnknown), ("https://example.org/\r", .cardUnknown),
      ("4111111111111111\r", .cardUnknown), ("hQVDUFYwMWET\r", .cardDataIncorrect),
    ])
  func refused(line: String, reason: Reason) {
    let kiosk = Kiosk.withScanner()
    #expect(kiosk.ask("A"))
    kiosk.scan(line)
    #expect(kiosk.run(until: { kiosk.told(.cardNotReadable, "A") }))
    #expect(kiosk.occurrence(.scanRefused)?.detail == UInt16(reason.rawValue))
    kiosk.scan("\(weChat)\r")
    #expect(kiosk.run(until: { kiosk.records.count == 1 }))
  }

  @Test("is wiped unread while nobody waits for one")
  func ignored() {
    let kiosk = Kiosk.withScanner()
    kiosk.scan("\(weChat)\r")
    kiosk.run(10)
    #expect(kiosk.occurrence(.scanIgnored) != nil)
    #expect(kiosk.ask("A", .magneticStripe))
    kiosk.scan("\(weChat)\r")
    kiosk.run(50)
    #expect(kiosk.records.isEmpty && kiosk.occurrence(.scanRead) == nil)
    // Nor was it remembered.
    kiosk.swipeAndWait()
    #expect(kiosk.ask("B"))
    kiosk.scan("\(weChat)\r")
    #expect(kiosk.run(until: { kiosk.records.count == 2 }))
  }

  @Test("and a swipe: whichever comes first wins")
  func race() throws {
    let kiosk = Kiosk.withScanner()
    #expect(kiosk.ask("A", Methods.walletCode.union(.magneticStripe)))
    kiosk.swipe()
    kiosk.run(30)
    kiosk.scan("\(weChat)\r")
    #expect(kiosk.run(until: { kiosk.records.count == 1 }))
    #expect(try kiosk.world.openRecord().entryMode == .magneticStripe)
    #expect(kiosk.occurrence(.scanIgnored) != nil)
    #expect(kiosk.ask("B", Methods.walletCode.union(.magneticStripe)))
    kiosk.scan("\(weChat)\r")
    kiosk.swipe()
    #expect(kiosk.run(until: { kiosk.records.count == 2 }))
    #expect(try kiosk.world.openRecord().entryMode == .code)
  }

  @Test("is asked for only where there is a scanner")
  func unsupported() {
    let kiosk = Kiosk()
    #expect(!kiosk.ask("A"))
    #expect(kiosk.response("A")?.reason == .methodNotSupported)
  }

  @Test("is never on the line or in a record")
  func secrecy() {
    let kiosk = Kiosk.withScanner()
    for number in 0..<5 {
      #expect(kiosk.ask("P\(number)"))
      kiosk.scan("13456789012345678\(number)\r")
      #expect(kiosk.run(until: { kiosk.records.count == number + 1 }))
    }
    let digits = Array("3456789".utf8)
    for bytes in [kiosk.line, kiosk.world.surroundings.displayed.array] + kiosk.records {
      let shows = bytes.indices.contains { bytes[$0...].starts(with: digits) }
      #expect(!shows)
    }
  }
}

@Suite("The customer display")
struct GuidanceTests {
  @Test("leads through a payment and welcomes the next customer")
  func wholePayment() {
    let kiosk = Kiosk.withScanner()
    #expect(kiosk.shown == ["Welcome", ""])
    #expect(kiosk.ask("A"))
    kiosk.run(2)
    #expect(kiosk.shown == ["Show payment code", "12.50 EUR"])
    kiosk.scan("\(weChat)\r")
    kiosk.run(3)
    #expect(kiosk.shown == ["Processing", "Please wait"])
    #expect(kiosk.run(until: { kiosk.told(.captured, "A") }))
    #expect(kiosk.shown == ["Card read OK", "Please remove card"])
    kiosk.run(4_900)
    #expect(kiosk.shown != ["Welcome", ""])
    kiosk.run(200)
    #expect(kiosk.shown == ["Welcome", ""])
  }

  @Test(
    "speaks the language of the request, where it can",
    arguments: [
      ("de", "Zahlcode vorzeigen", "12,50 EUR"), ("fr", "Presentez votre code", "12,50 EUR"),
      ("ja", "Show payment code", "12.50 EUR"), ("it", "Show payment code", "12.50 EUR"),
    ])
  func language(code: String, first: String, second: String) {
    let kiosk = Kiosk.withScanner()
    #expect(kiosk.ask("A", language: code))
    kiosk.run(2)
    #expect(kiosk.shown == [first, second])
  }

  @Test("goes on in the first language of the code that has texts, and tells the register")
  func codeLanguage() {
    let kiosk = Kiosk.withScanner()
    #expect(kiosk.ask("A"))
    kiosk.run(2)
    #expect(kiosk.shown == ["Show payment code", "12.50 EUR"])
    // 5F2D of EMVCo's example: Russian, Spanish, English, German.
    kiosk.scan("\(consumer)\r")
    #expect(kiosk.run(until: { kiosk.told(.captured, "A") }))
    #expect(kiosk.shown == ["Tarjeta leida", "Retire la tarjeta"])
    #expect(kiosk.languages == ["ru"])
    // The next customer is nobody's.
    #expect(kiosk.ask("B"))
    kiosk.run(2)
    #expect(kiosk.shown == ["Show payment code", "12.50 EUR"])
    #expect(kiosk.ask("C", language: "de") == false)
  }

  @Test("tells the customer what a register without interest in steps does not hear")
  func quiet() {
    let kiosk = Kiosk.withScanner()
    var request = payment("A")
    request.methods = .walletCode
    request.showsSteps = false
    kiosk.world.register.pay(request)
    #expect(kiosk.run(until: { kiosk.response("A")?.isAccepted == true }))
    kiosk.run(5)
    #expect(kiosk.shown == ["Show payment code", "12.50 EUR"])
    #expect(!kiosk.told(.waitingForCard, "A"))
  }
}
