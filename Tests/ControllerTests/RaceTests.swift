// A payment that waits for a swipe, a tap and a code at once: whichever comes first wins, the
// others are stood down, and after a bad reading the customer is led to what is left.

import Contactless
import Controller
import Display
import Link
import Octets
import Register
import Simulator
import Testing
import Vault

private let weChat = "134567890123456789"

extension Kiosk {
  /// A kiosk with everything.
  fileprivate static func full(seed: UInt64 = 1) -> Kiosk {
    var options = KioskOptions()
    options.taps = TapSettings(terminal: TapTerminal(), fastest: 921_600)
    options.attachments.hasScanner = true
    options.attachments.display = DisplaySettings(commands: .escPOS, characters: .windows1252)
    let kiosk = Kiosk(seed: seed, options)
    kiosk.run(500)
    return kiosk
  }

  fileprivate func ask(_ name: String, _ change: (inout PaymentRequest) -> Void = { _ in }) -> Bool
  {
    var request = payment(name)
    request.methods = all
    change(&request)
    world.register.pay(request)
    return run(until: { told(.waitingForCard, name) })
  }

  fileprivate func present(_ card: PaymentCard?) {
    world.surroundings.chip?.cards = card.map { [VirtualCard(.payment($0))] } ?? []
  }

  fileprivate func scan(_ text: String) { world.surroundings.scan(Array("\(text)\r".utf8).span) }

  fileprivate func begin(_ method: Method) {
    switch method {
    case .magneticStripe: swipe()
    case .contactless: present(PaymentCard(.visa))
    case .walletCode: scan(weChat)
    }
  }

  fileprivate var lastEntryMode: Record.EntryMode? { try? world.openRecord().entryMode }

  /// Prompts of the events so far.
  fileprivate var prompts: [UInt8] {
    events.compactMap {
      if case .event(let event) = $0 { event.prompt?.rawValue } else { nil }
    }
  }

  /// Which methods the last bad reading left.
  fileprivate var left: Methods? {
    events.compactMap { heard -> Methods? in
      guard case .event(let event) = heard, event.kind == .cardNotReadable else { return nil }
      return event.methods
    }.last
  }
}

@Suite("A swipe, a tap and a code at once")
struct RaceTests {
  private static let modes: [(Method, Record.EntryMode)] = [
    (.magneticStripe, .magneticStripe), (.contactless, .contactlessChip), (.walletCode, .code),
  ]

  @Test(
    "the first wins, the others are wiped unread",
    arguments: [Method.magneticStripe, .contactless, .walletCode])
  func firstWins(first: Method) throws {
    let kiosk = Kiosk.full()
    #expect(kiosk.ask("A"))
    kiosk.begin(first)
    switch first {
    case .magneticStripe: kiosk.run(20)
    // The reader looks for cards by turns: it is first when it has seen one.
    case .contactless: #expect(kiosk.run(until: { kiosk.told(.cardSeen, "A") }))
    case .walletCode: kiosk.run(1)
    }
    for other in [Method.magneticStripe, .contactless, .walletCode] where other != first {
      kiosk.begin(other)
    }
    #expect(kiosk.run(until: { kiosk.records.count == 1 }))
    kiosk.run(2_000)
    #expect(kiosk.records.count == 1)
    #expect(kiosk.lastEntryMode == Self.modes.first { $0.0 == first }?.1)
    let read: [(Method, Occurrence.Code)] = [
      (.magneticStripe, .swipeRead), (.contactless, .tapRead), (.walletCode, .scanRead),
    ]
    for (method, code) in read {
      #expect((kiosk.occurrence(code) != nil) == (method == first), "\(method)")
    }
  }

  @Test("in any order and at any distance give one record, and the next payment is free")
  func seeded() {
    for seed in UInt64(0)..<24 {
      let kiosk = Kiosk.full(seed: seed)
      var random = SeededRandom(seed: seed)
      #expect(kiosk.ask("A"))
      var starts = [Method.magneticStripe, .contactless, .walletCode].map { method in
        (method: method, at: Int(random.below(250)))
      }
      starts.sort { $0.at < $1.at }
      var clock = 0
      for start in starts {
        kiosk.run(start.at - clock)
        clock = start.at
        kiosk.begin(start.method)
      }
      kiosk.run(1_500)
      #expect(kiosk.records.count == 1, "seed \(seed): \(starts)")
      let ends = kiosk.events.count {
        if case .event(let event) = $0 { event.isFinal } else { false }
      }
      #expect(ends == 1, "seed \(seed)")
      kiosk.present(nil)
      kiosk.run(600)
      #expect(kiosk.ask("B"))
      kiosk.scan("134567890123450000")
      #expect(kiosk.run(until: { kiosk.records.count == 2 }), "seed \(seed)")
    }
  }

  @Test("a bad swipe leaves all ways open, and the third asks for another card")
  func badSwipes() {
    let kiosk = Kiosk.full()
    #expect(kiosk.ask("A"))
    for expected in [UInt8(0x21), 0x21, 0x1C] {
      let count = kiosk.prompts.count
      kiosk.swipeAndWait(isScratched: true)
      #expect(kiosk.run(until: { kiosk.prompts.count >= count + 2 }))
      #expect(kiosk.prompts.last == expected)
      #expect(kiosk.left == all)
    }
    kiosk.present(PaymentCard(.mastercard))
    #expect(kiosk.run(until: { kiosk.records.count == 1 }))
    #expect(kiosk.lastEntryMode == .contactlessChip)
  }

  @Test("a card that wants another interface leaves swipe and code")
  func otherInterface() {
    let kiosk = Kiosk.full()
    #expect(kiosk.ask("A"))
    var card = PaymentCard(.visa)
    card.refusal = 0x6984
    kiosk.present(card)
    #expect(kiosk.run(until: { kiosk.told(.cardNotReadable, "A") }))
    #expect(kiosk.prompts.last == 0x18)
    #expect(kiosk.left == Methods.magneticStripe.union(.walletCode))
    kiosk.scan(weChat)
    #expect(kiosk.run(until: { kiosk.records.count == 1 }))
    #expect(kiosk.lastEntryMode == .code)
  }

  @Test("a code that is none, a torn tap, then a swipe: each is told, the last pays")
  func oneAfterTheOther() {
    let kiosk = Kiosk.full()
    #expect(kiosk.ask("A"))
    kiosk.scan("4006381333931")
    #expect(kiosk.run(until: { kiosk.prompts.last == 0x1C }))
    var torn = VirtualCard(.payment(PaymentCard(.mastercard)))
    torn.leavesAfter = 2
    kiosk.world.surroundings.chip?.cards = [torn]
    #expect(kiosk.run(until: { kiosk.prompts.last == 0x21 }))
    #expect(kiosk.left == all)
    kiosk.present(nil)
    kiosk.swipeAndWait()
    #expect(kiosk.records.count == 1 && kiosk.lastEntryMode == .magneticStripe)
  }

  @Test("where the stripes of chip cards are only a fall-back, a failed tap opens them")
  func stripeAsFallBack() {
    let kiosk = Kiosk.full()
    #expect(kiosk.ask("A") { $0.chipPolicy = .acceptAfterFailedTap })
    kiosk.swipeAndWait(hasChip: true)
    #expect(kiosk.run(until: { kiosk.told(.cardNotReadable, "A") }))
    #expect(kiosk.prompts.last == 0x15 && kiosk.records.isEmpty)
    var card = PaymentCard(.visa)
    card.refusal = 0x6984
    kiosk.present(card)
    #expect(kiosk.run(until: { kiosk.prompts.last == 0x18 }))
    kiosk.present(nil)
    kiosk.swipeAndWait(hasChip: true)
    #expect(kiosk.records.count == 1 && kiosk.lastEntryMode == .magneticStripe)
  }

  @Test("a tapped card's language is spoken from then on, and told to the register once")
  func cardLanguage() {
    let kiosk = Kiosk.full()
    #expect(kiosk.ask("A"))
    var card = PaymentCard(.visa)
    card.languages = "ptFRen"
    kiosk.present(card)
    #expect(kiosk.run(until: { kiosk.told(.captured, "A") }))
    kiosk.run(5)
    #expect(kiosk.upperLine == "Carte lue")
    #expect(kiosk.languages == ["pt"])
    kiosk.present(nil)
    kiosk.run(6_000)
    #expect(kiosk.upperLine == "Welcome")
    #expect(kiosk.ask("B") { $0.language = LanguageCode(Array("de".utf8).span) })
    kiosk.present(card)
    #expect(kiosk.run(until: { kiosk.told(.captured, "B") }))
    kiosk.run(5)
    #expect(kiosk.upperLine == "Karte gelesen")
  }
}

extension Kiosk {
  fileprivate var upperLine: String {
    let text = world.surroundings.displayed.array
    guard text.count >= 48 else { return "" }
    let line = String(decoding: text.suffix(44).prefix(20), as: UTF8.self)
    return line.split(separator: " ").joined(separator: " ")
  }
}
