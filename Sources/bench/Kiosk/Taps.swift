// Taps of the show: cards and phones held before the virtual reader, and what must come of each.

import Foundation
import Link
import Octets
import Register
import Simulator

/// One tap of the show.
struct TapScene {
  var title: String
  /// Held before the reader one after the other: all at once in each step.
  var cards: [VirtualCard]
  /// The card number that the acquirer must find, or the message for the customer when no record
  /// may come of it.
  var expected: Expectation
  var amount: UInt64

  enum Expectation {
    case number(String, form: UInt8)
    case message(UInt8)
  }

  static func show() -> [TapScene] {
    func card(_ scheme: PaymentCard.Scheme, phone: Bool = false, torn: Int? = nil) -> VirtualCard {
      var payment = PaymentCard(scheme)
      payment.isPhone = phone
      var card = VirtualCard(.payment(payment))
      card.leavesAfter = torn
      return card
    }
    func ofTypeB(_ card: VirtualCard) -> VirtualCard {
      var card = card
      card.isTypeB = true
      return card
    }
    let (visa, mastercard) = ("4761739001010010", "5413330089020011")
    return [
      TapScene(
        title: "Visa card", cards: [card(.visa)], expected: .number(visa, form: 0), amount: 1_990),
      TapScene(
        title: "Mastercard", cards: [card(.mastercard)],
        expected: .number(mastercard, form: 0), amount: 2_450),
      TapScene(
        title: "phone, above the limit for cards without verification",
        cards: [card(.visa, phone: true)], expected: .number(visa, form: 2), amount: 12_000),
      TapScene(
        title: "two cards at once", cards: [card(.visa), card(.mastercard)],
        expected: .message(0x19), amount: 300),
      TapScene(
        title: "two cards at once, one of type A and one of type B",
        cards: [card(.visa), ofTypeB(card(.mastercard))], expected: .message(0x19), amount: 350),
      TapScene(
        title: "card torn away in the midst", cards: [card(.mastercard, torn: 3)],
        expected: .message(0x21), amount: 400),
      TapScene(
        title: "the same card again", cards: [card(.mastercard)],
        expected: .number(mastercard, form: 0), amount: 400),
    ]
  }
}

extension Show {
  mutating func play(_ scene: TapScene, at kiosk: VirtualKiosk) throws {
    let reference = begin("tap: " + scene.title)
    try kiosk.arm(.demo(reference, amount: scene.amount, methods: .tapOrSwipe))
    let start = kiosk.register.heard.count
    let at = monotonicNow()
    kiosk.chip.present(scene.cards)
    let heard = kiosk.register.wait(from: start) { $0.endsSwipe }
    let seconds = Double((monotonicNow() - at).nanoseconds) / 1e9
    kiosk.chip.present([])
    guard let heard else { return fail("nothing came of it; firmware: \(kiosk.program.said)") }
    switch (scene.expected, heard.event) {
    case (.number(let number, let form), .record):
      try check(try kiosk.open(heard.sealed), number, form, scene.amount, reference)
      print("   held to record: \(String(format: "%.0f", seconds * 1_000)) ms")
    case (.message(let message), .event(let event)):
      let told = event.prompt.map { hexadecimal([$0.rawValue]) } ?? "none"
      print("   register: no record; message to the customer \(told)")
      if event.prompt?.rawValue != message { fail("another message: \(told)") }
      try abandon(reference, at: kiosk)
    default:
      fail("not what was expected; firmware:\n\(kiosk.program.said)")
      try abandon(reference, at: kiosk)
    }
    // The field is off for a moment before the next card is looked for.
    usleep(100_000)
  }

  private mutating func check(
    _ record: OpenedRecord, _ number: String, _ form: UInt8, _ amount: UInt64, _ reference: String
  ) throws {
    print(
      """
         register: \(record.reference)  \(money(record.amount.minorUnits)) EUR  tap  \
      \(record.maskedPAN)  KSN \(hexadecimal(record.ksn))
         DE55: \(hexadecimal(record.de55))
         acquirer: \(hexadecimal(record.objects))
      """)
    if !hexadecimal(record.objects).contains(number) { fail("another card number") }
    if hexadecimal(record.de55).contains(number) { fail("the card number is in DE55") }
    if record.entryMode != 7 { fail("entry mode \(record.entryMode)") }
    if record.formFactor != form { fail("form factor \(record.formFactor)") }
    if record.amount.minorUnits != amount { fail("another amount") }
    if record.reference != reference { fail("another reference") }
    note(ksn: record.ksn)
  }
}

extension Methods {
  static var tapOrSwipe: Methods { .contactless.union(.magneticStripe) }
}
