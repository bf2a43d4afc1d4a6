// Taps through the loop on a virtual board: what record they give, when, and what the customer and
// the register are told when they give none.

import Contactless
import Controller
import Link
import Octets
import Register
import Simulator
import Testing
import Vault

@Suite("The loop with a contactless reader")
struct TapTests {
  private func kiosk() -> Kiosk {
    var options = KioskOptions()
    var terminal = TapTerminal()
    terminal.country = 276
    options.taps = TapSettings(terminal: terminal, fastest: 921_600)
    let kiosk = Kiosk(options)
    kiosk.run(500)
    return kiosk
  }

  private func arm(
    _ kiosk: Kiosk, _ name: String, amount: UInt64 = 1_250,
    methods: Methods = .contactless.union(.magneticStripe)
  ) -> Bool {
    var request = payment(name, amount: amount)
    request.methods = methods
    kiosk.world.register.pay(request)
    return kiosk.run(until: { kiosk.told(.waitingForCard, name) })
  }

  private func present(_ kiosk: Kiosk, _ cards: VirtualCard...) {
    kiosk.world.surroundings.chip?.cards = cards
  }

  private func prompts(_ kiosk: Kiosk) -> [UInt8] {
    kiosk.events.compactMap {
      if case .event(let event) = $0 { event.prompt?.rawValue } else { nil }
    }
  }

  @Test(
    "releases a tap's record 10 ms after the reader's last byte",
    arguments: PaymentCard.Scheme.allCases)
  func release(scheme: PaymentCard.Scheme) throws {
    let kiosk = kiosk()
    #expect(arm(kiosk, "A"))
    present(kiosk, VirtualCard(.payment(PaymentCard(scheme))))
    #expect(kiosk.run(until: { kiosk.occurrence(.tapRead) != nil }))
    let lastByte = kiosk.world.surroundings.lastReaderByte
    let last = try #require(lastByte)
    #expect(kiosk.run(until: { kiosk.occurrence(.released) != nil }))
    let released = try #require(kiosk.occurrence(.released))
    #expect(released.at == last + .milliseconds(10))
    #expect(released.amount == 10_000_000)
    kiosk.run(600)
    #expect(kiosk.records.count == 1 && kiosk.told(.captured, "A"))
    #expect(kiosk.world.surroundings.lights == .ok)
    #expect(prompts(kiosk) == [0x15, 0x16, 0x17])
  }

  @Test("seals what is known of the card, and its number for the acquirer only")
  func record() throws {
    let kiosk = kiosk()
    #expect(arm(kiosk, "A", amount: 9_000))
    var card = PaymentCard(.visa)
    card.isPhone = true
    present(kiosk, VirtualCard(.payment(card)))
    #expect(kiosk.run(until: { kiosk.records.count == 1 }))
    let record = try kiosk.world.openRecord()
    #expect(record.entryMode == .contactlessChip && record.swipe == nil)
    #expect(record.maskedPAN.text == "476173******0010" && record.expiry.text == "2812")
    #expect(record.serviceCode.text == "201" && record.scheme == 1)
    #expect(record.schemeRule.text == "RID A000000003" && record.account == .unknown)
    #expect(record.chip.formFactor == 2 && record.chip.verification == 1)
    #expect(record.chip.leftOut == 0)
    #expect(record.application.array == [0xA0, 0, 0, 0, 0x03, 0x10, 0x10])
    var plaintext = Bytes<240>()
    let (block, serial) = (record.ciphertext.array, record.ksn.array)
    try AcquirerHost.test(.tdes).decrypt(block.span, ksn: serial.span, into: &plaintext)
    let clear = plaintext.array
    let objects = try CardData(decoding: clear.span).objects.array
    #expect(
      objects.starts(with: [0x57, 0x0F, 0x47, 0x61, 0x73, 0x90, 0x01, 0x01, 0x00, 0x10, 0xD2]))
    let number: [UInt8] = [0x47, 0x61, 0x73, 0x90, 0x01, 0x01, 0x00, 0x10]
    let isInClear = record.chipData.array.indices.contains {
      record.chipData.array[$0...].starts(with: number)
    }
    #expect(!isInClear)
  }

  @Test("leaves out the end of DE55 rather than make a record that the link cannot carry")
  func longRecord() throws {
    let kiosk = kiosk()
    let name = String(repeating: "R", count: 32)
    #expect(arm(kiosk, name, amount: 999_999_999_998))
    let card = DialogueCard(LongCard.exchanges)
    present(kiosk, VirtualCard(.dialogue(card)))
    #expect(kiosk.run(until: { kiosk.records.count == 1 }))
    let record = try kiosk.world.openRecord()
    #expect(record.chip.leftOut > 0 && record.chip.leftOut < 8)
    #expect(kiosk.records[0].count <= 560 && kiosk.records[0].count > 500)
    #expect(record.chipData.array.starts(with: [0x9F, 0x26, 0x08]))
  }

  @Test("takes whichever comes first, a swipe or a tap, and never both")
  func first() {
    let kiosk = kiosk()
    #expect(arm(kiosk, "A"))
    kiosk.swipeAndWait()
    #expect(kiosk.records.count == 1)
    present(kiosk, VirtualCard(.payment(PaymentCard(.visa))))
    kiosk.run(2_000)
    #expect(kiosk.records.count == 1 && kiosk.occurrence(.tapRead) == nil)
    present(kiosk)
    kiosk.run(500)
    #expect(arm(kiosk, "B"))
    present(kiosk, VirtualCard(.payment(PaymentCard(.visa))))
    #expect(kiosk.run(until: { kiosk.records.count == 2 }))
    kiosk.swipeAndWait()
    #expect(kiosk.records.count == 2 && kiosk.occurrence(.swipeIgnored) != nil)
  }

  @Test("a torn card and two cards are told, and the payment goes on")
  func again() {
    let kiosk = kiosk()
    #expect(arm(kiosk, "A"))
    var torn = VirtualCard(.payment(PaymentCard(.mastercard)))
    torn.leavesAfter = 2
    present(kiosk, torn)
    #expect(kiosk.run(until: { kiosk.told(.cardNotReadable, "A") }))
    present(kiosk)
    kiosk.run(300)
    let two = VirtualCard(.payment(PaymentCard(.visa)))
    present(kiosk, two, two)
    kiosk.run(1_000)
    present(kiosk, two)
    #expect(kiosk.run(until: { kiosk.records.count == 1 }))
    kiosk.run(200)
    #expect(prompts(kiosk) == [0x15, 0x16, 0x21, 0x19, 0x16, 0x17])
  }

  /// For how long the buzzer was on, off, on, … in milliseconds, from the first sound on.
  private func rhythm(_ kiosk: Kiosk, milliseconds: Int) -> [Int] {
    var parts: [Int] = []
    var isOn = false
    for _ in 0..<milliseconds {
      kiosk.run(1)
      let sounds = kiosk.world.surroundings.lights.bits & Lights.tone.bits != 0
      if sounds != isOn { parts.append(0) }
      isOn = sounds
      if !parts.isEmpty { parts[parts.count - 1] += 1 }
    }
    return Array(parts.dropLast(isOn ? 0 : 1))
  }

  @Test("sounds EMV's success tone for a card, and its alert tone for one that was torn away")
  func tones() {
    let kiosk = kiosk()
    #expect(arm(kiosk, "A"))
    var torn = VirtualCard(.payment(PaymentCard(.visa)))
    torn.leavesAfter = 1
    present(kiosk, torn)
    #expect(rhythm(kiosk, milliseconds: 2_000) == [200, 200, 200])
    present(kiosk)
    kiosk.run(300)
    present(kiosk, VirtualCard(.payment(PaymentCard(.visa))))
    #expect(rhythm(kiosk, milliseconds: 2_000) == [500])
  }

  @Test("a card that wants another interface closes the reader for this payment")
  func otherInterface() {
    let kiosk = kiosk()
    #expect(arm(kiosk, "A"))
    var card = PaymentCard(.visa)
    card.refusal = 0x6984
    present(kiosk, VirtualCard(.payment(card)))
    #expect(kiosk.run(until: { kiosk.told(.cardNotReadable, "A") }))
    #expect(prompts(kiosk).last == 0x18)
    present(kiosk)
    kiosk.run(500)
    present(kiosk, VirtualCard(.payment(PaymentCard(.visa))))
    kiosk.run(2_000)
    #expect(kiosk.records.isEmpty)
    kiosk.swipeAndWait()
    #expect(kiosk.records.count == 1)
  }

  @Test("without a chip, a payment by tap alone is refused, and one by either waits for a swipe")
  func noChip() {
    let kiosk = kiosk()
    kiosk.world.surroundings.chip?.isPowered = false
    #expect(kiosk.run(until: { kiosk.occurrence(.readerLost) != nil }))
    var request = payment("A")
    request.methods = .contactless
    kiosk.world.register.pay(request)
    kiosk.run(500)
    #expect(kiosk.response("A")?.reason == .readerNotAnswering)
    #expect(arm(kiosk, "B"))
    kiosk.swipeAndWait()
    #expect(kiosk.records.count == 1)
  }

  @Test("an aborted payment takes no card that was being read")
  func aborted() {
    let kiosk = kiosk()
    #expect(arm(kiosk, "A"))
    present(kiosk, VirtualCard(.payment(PaymentCard(.mastercard))))
    #expect(kiosk.run(until: { kiosk.told(.cardSeen, "A") }))
    kiosk.world.register.abort(reference("A"))
    kiosk.run(2_000)
    #expect(kiosk.records.isEmpty && kiosk.occurrence(.tapRead) == nil)
  }

  /// Aborts payment A while a slow card is being read for it.
  private func abortWhileReading(_ kiosk: Kiosk) {
    var card = VirtualCard(.payment(PaymentCard(.visa)))
    card.slowness = 20
    present(kiosk, card)
    #expect(kiosk.run(until: { kiosk.told(.cardSeen, "A") }))
    kiosk.world.register.abort(reference("A"))
    #expect(kiosk.run(until: { kiosk.told(.aborted, "A") }))
  }

  /// The card signed the amount of the payment that its dialogue began with.
  @Test("nor does the next payment: the card has to be tapped again")
  func abortedBeforeAnother() throws {
    let kiosk = kiosk()
    #expect(arm(kiosk, "A", amount: 1_250))
    abortWhileReading(kiosk)
    #expect(arm(kiosk, "B", amount: 9_900))
    kiosk.run(10_000)
    #expect(kiosk.records.isEmpty && kiosk.occurrence(.tapRead) == nil)
    #expect(!kiosk.told(.cardSeen, "B") && !kiosk.told(.cardNotReadable, "B"))
    present(kiosk)
    kiosk.run(500)
    present(kiosk, VirtualCard(.payment(PaymentCard(.visa))))
    #expect(kiosk.run(until: { kiosk.records.count == 1 }))
    let record = try kiosk.world.openRecord()
    #expect(record.reference.text == "B" && record.amount.minorUnits == 9_900)
    let amount: [UInt8] = [0x9F, 0x02, 0x06, 0, 0, 0, 0, 0x99, 0]
    let objects = record.chipData.array
    #expect(objects.indices.contains { objects[$0...].starts(with: amount) })
  }

  @Test("a reader that is lost while it ends an aborted payment's card fails nothing of the next")
  func lostBeforeAnother() {
    let kiosk = kiosk()
    #expect(arm(kiosk, "A"))
    abortWhileReading(kiosk)
    #expect(arm(kiosk, "B"))
    kiosk.world.surroundings.chip?.isPowered = false
    #expect(kiosk.run(until: { kiosk.occurrence(.readerLost) != nil }))
    #expect(kiosk.occurrence(.tapFailed) == nil && !kiosk.told(.cardNotReadable, "B"))
  }
}

/// A card whose DE55 is as long as it gets: name and issuer's data of the greatest length.
enum LongCard {
  private static func template(_ tag: [UInt8], _ value: [UInt8]) -> [UInt8] {
    tag + (value.count < 128 ? [] : [0x81]) + [UInt8(value.count)] + value
  }

  static var exchanges: [Exchange] {
    let name: [UInt8] = [0xA0, 0, 0, 0, 0x03, 0x10, 0x10] + [UInt8](repeating: 1, count: 9)
    let directory = Array("2PAY.SYS.DDF01".utf8)
    let entry = template([0x61], template([0x4F], name))
    let head = template([0xA5], template([0xBF, 0x0C], entry))
    var issuer = [UInt8](repeating: 7, count: 32)
    issuer[4] = 0xA0
    let track: [UInt8] = [
      0x47, 0x61, 0x73, 0x90, 0x01, 0x01, 0x00, 0x10, 0xD2, 0x81, 0x22, 0x01, 0xFF,
    ]
    let objects =
      template([0x82], [0x20, 0]) + template([0x57], track)
      + template([0x9F, 0x26], [UInt8](repeating: 5, count: 8)) + template([0x9F, 0x36], [0, 1])
      + template([0x9F, 0x10], issuer)
      + template([0x5F, 0x20], [UInt8](repeating: 0x41, count: 26))
      + template([0x9F, 0x6E], [UInt8](repeating: 3, count: 32))
      + template([0x9F, 0x7C], [UInt8](repeating: 4, count: 32)) + template([0x5F, 0x34], [1])
    return [
      Exchange(
        command: [0, 0xA4, 4, 0, 14] + directory + [0],
        answer: template([0x6F], template([0x84], directory) + head) + [0x90, 0]),
      Exchange(
        command: [0, 0xA4, 4, 0, 16] + name + [0],
        answer: template([0x6F], template([0x84], name)) + [0x90, 0]),
      Exchange(
        command: [0x80, 0xA8, 0, 0, 2, 0x83, 0, 0], answer: template([0x77], objects) + [0x90, 0]),
    ]
  }
}
