import Octets
import Simulator
import Testing

@testable import Contactless

@Suite("The reader with its chip")
struct ReaderTests {
  @Test(
    "finds the chip at every rate an earlier run may have left, and raises it",
    arguments: [9_600, 57_600, 115_200, 460_800, 921_600, 1_288_000])
  func rates(left: Int) {
    var world = ReaderWorld()
    world.chip.leave(at: left)
    let isUp = world.start()
    #expect(isUp)
    #expect(world.chip.rate == 921_600 && world.portRate == 921_600)
  }

  @Test("stays at the rate that the port can do")
  func slowPort() {
    var world = ReaderWorld(fastest: 115_200)
    let isUp = world.start()
    #expect(isUp && world.chip.rate == 115_200)
  }

  @Test("tells once that there is no chip, and finds it when it comes")
  func noChip() {
    var world = ReaderWorld()
    world.chip.isPowered = false
    world.run(milliseconds: 6_000)
    #expect(world.events == [.wentAway])
    world.chip.isPowered = true
    let isUp = world.start()
    #expect(isUp && world.events == [.wentAway, .cameUp])
  }

  @Test("notices within a few seconds that an idle chip lost its power, and sets it up again")
  func powerLoss() {
    var world = ReaderWorld()
    _ = world.start()
    world.chip.isPowered = false
    world.chip.isPowered = true
    world.run(milliseconds: 3_000)
    #expect(world.events == [.cameUp, .wentAway, .cameUp])
    #expect(world.chip.rate == 921_600)
  }

  @Test("a second run after a kill in the midst of an exchange needs no power cycle")
  func secondRun() {
    var world = ReaderWorld()
    _ = world.start()
    world.chip.cards = [VirtualCard(.payment(PaymentCard(.mastercard)))]
    world.arm()
    _ = world.run { $0 == .cardSeen }
    world.run(milliseconds: 7)
    var second = ReaderWorld()
    second.chip = world.chip
    second.now = world.now
    second.chip.cards = []
    let isUp = second.start()
    #expect(isUp)
    second.arm()
    second.run(milliseconds: 100)
    second.chip.cards = [VirtualCard(.payment(PaymentCard(.visa)))]
    let isRead = second.run { $0 == .read }
    #expect(isRead)
  }

  @Test(
    "reads a card of every scheme, plastic or phone, and sees it leave",
    arguments: PaymentCard.Scheme.allCases, [false, true])
  func schemes(scheme: PaymentCard.Scheme, isPhone: Bool) {
    var world = ReaderWorld()
    _ = world.start()
    world.arm()
    world.run(milliseconds: 200)
    var card = PaymentCard(scheme)
    card.isPhone = isPhone
    world.chip.cards = [VirtualCard(.payment(card))]
    let isRead = world.run { $0 == .read }
    #expect(isRead, "\(world.events)")
    let kernel = world.reader.session.application?.kernel
    #expect(kernel == kernelOf(scheme))
    #expect(world.reader.session.value(0x9F26)?.count == 16)
    var digits = Bytes<19>()
    world.reader.session.number(into: &digits)
    #expect(String(decoding: digits.array, as: UTF8.self) == "\(card.number)")
    if isPhone, scheme == .visa || scheme == .mastercard {
      #expect(world.reader.session.formFactor == .phone)
      #expect(world.reader.session.verification == .device)
    }
    world.reader.disarm()
    world.run(milliseconds: 500)
    #expect(world.events.last == .read)
    world.chip.cards = []
    let isGone = world.run { $0 == .cardRemoved }
    #expect(isGone)
  }

  private func kernelOf(_ scheme: PaymentCard.Scheme) -> Kernel {
    switch scheme {
    case .visa: .visa
    case .mastercard: .mastercard
    case .amex: .amex
    case .discover: .discover
    case .jcb: .jcb
    case .unionPay: .unionPay
    }
  }

  @Test("a card of type B is read and seen to leave as well")
  func typeB() {
    var world = ReaderWorld()
    _ = world.start()
    world.arm()
    var card = VirtualCard(.payment(PaymentCard(.visa)))
    card.isTypeB = true
    world.chip.cards = [card]
    let isRead = world.run { $0 == .read }
    #expect(isRead)
    world.run(milliseconds: 300)
    world.chip.cards = []
    let isGone = world.run { $0 == .cardRemoved }
    #expect(isGone)
  }

  @Test("two cards are told once; when one is taken away, the other is read")
  func twoCards() {
    var world = ReaderWorld()
    _ = world.start()
    world.arm()
    let cards = [
      VirtualCard(.payment(PaymentCard(.visa))), VirtualCard(.payment(PaymentCard(.jcb))),
    ]
    world.chip.cards = cards
    world.run(milliseconds: 500)
    #expect(world.events == [.cameUp, .failed(.severalCards)])
    world.chip.cards = [cards[1]]
    let isRead = world.run { $0 == .read }
    #expect(isRead && world.reader.session.application?.kernel == .jcb)
  }

  @Test("two cards are told again when the next payment wants a card")
  func twoCardsTwice() {
    var world = ReaderWorld()
    _ = world.start()
    world.arm()
    world.chip.cards = [
      VirtualCard(.payment(PaymentCard(.visa))), VirtualCard(.payment(PaymentCard(.jcb))),
    ]
    world.run(milliseconds: 300)
    world.reader.disarm()
    world.run(milliseconds: 300)
    world.arm()
    world.run(milliseconds: 300)
    #expect(world.events == [.cameUp, .failed(.severalCards), .failed(.severalCards)])
  }

  @Test("two cards of any types are told, and the one that stays is read", arguments: [0, 1])
  func twoTypes(stays: Int) {
    var world = ReaderWorld()
    _ = world.start()
    world.arm()
    var cards = [
      VirtualCard(.payment(PaymentCard(.visa))), VirtualCard(.payment(PaymentCard(.jcb))),
    ]
    cards[1].isTypeB = true
    world.chip.cards = cards
    world.run(milliseconds: 500)
    #expect(world.events == [.cameUp, .failed(.severalCards)])
    let asked = world.chip.cards.map(\.apdus)
    #expect(asked == [0, 0])
    world.chip.cards = [cards[stays]]
    let isRead = world.run { $0 == .read }
    #expect(isRead && world.reader.session.application?.kernel == [.visa, .jcb][stays])
  }

  @Test("two cards of type B are told as well, and a ticket beside a card")
  func otherPairs() {
    var world = ReaderWorld()
    _ = world.start()
    world.arm()
    var card = VirtualCard(.payment(PaymentCard(.visa)))
    card.isTypeB = true
    world.chip.cards = [card, card]
    let isTold = world.run { $0 == .failed(.severalCards) }
    #expect(isTold)
    world.chip.cards = []
    world.run(milliseconds: 200)
    world.chip.cards = [card, VirtualCard(.memory)]
    let isTicketSeen = world.run { $0 == .failed(.severalCards) }
    #expect(isTicketSeen && world.chip.cards[0].apdus == 0)
  }

  @Test(
    "a card torn away after any number of commands ends the tap, and can be tapped again",
    arguments: PaymentCard.Scheme.allCases, 0...4)
  func torn(scheme: PaymentCard.Scheme, after: Int) {
    var world = ReaderWorld()
    _ = world.start()
    world.arm()
    var card = VirtualCard(.payment(PaymentCard(scheme)))
    card.leavesAfter = after
    world.chip.cards = [card]
    let isOver = world.run { $0 == .failed(.torn) || $0 == .read }
    #expect(isOver)
    guard world.events.last == .failed(.torn) else { return }
    world.chip.cards = []
    let isGone = world.run { $0 == .cardRemoved }
    #expect(isGone)
    world.chip.cards = [VirtualCard(.payment(PaymentCard(scheme)))]
    let isRead = world.run { $0 == .read }
    #expect(isRead)
  }

  @Test(
    "a card that refuses, and one that is none, are told by what the customer can do",
    arguments: [
      (UInt16(0x6984), TapFailure.otherInterface), (0x6985, .noApplication), (0x6986, .seePhone),
      (0x6A81, .fault(.status(0x6A81))),
    ])
  func refusals(status: UInt16, failure: TapFailure) {
    var world = ReaderWorld()
    _ = world.start()
    world.arm()
    var card = PaymentCard(.visa)
    card.refusal = status
    world.chip.cards = [VirtualCard(.payment(card))]
    let isTold = world.run { $0 == .failed(failure) }
    #expect(isTold)
    // Not tried again before it has left.
    world.run(milliseconds: 1_000)
    #expect(world.events.count == 3)
  }

  @Test("a ticket is no payment card; a declining card is told as such")
  func others() {
    var world = ReaderWorld()
    _ = world.start()
    world.arm()
    world.chip.cards = [VirtualCard(.memory)]
    let isTold = world.run { $0 == .failed(.noApplication) }
    #expect(isTold)
    world.chip.cards = []
    _ = world.run { $0 == .cardRemoved }
    var card = PaymentCard(.mastercard)
    card.declines = true
    world.chip.cards = [VirtualCard(.payment(card))]
    let isDeclined = world.run { $0 == .failed(.declined) }
    #expect(isDeclined)
  }

  @Test("no card is looked for, and the field is off, while nobody wants one")
  func disarmed() {
    var world = ReaderWorld()
    _ = world.start()
    world.chip.cards = [VirtualCard(.payment(PaymentCard(.visa)))]
    world.run(milliseconds: 5_000)
    #expect(world.events == [.cameUp])
    #expect(world.reader.counts.polls == 0)
    world.chip.cards = []
    world.arm()
    world.run(milliseconds: 300)
    world.reader.disarm()
    world.run(milliseconds: 300)
    let polls = world.reader.counts.polls
    world.chip.cards = [VirtualCard(.payment(PaymentCard(.visa)))]
    world.run(milliseconds: 1_000)
    #expect(world.reader.counts.polls == polls && world.events == [.cameUp])
  }

  @Test("polling does not stop: a card that comes after two minutes is read")
  func patience() {
    var world = ReaderWorld()
    _ = world.start()
    world.arm()
    world.run(milliseconds: 120_000)
    #expect(world.events == [.cameUp])
    world.chip.cards = [VirtualCard(.payment(PaymentCard(.visa)))]
    let isRead = world.run { $0 == .read }
    #expect(isRead)
  }

  @Test(
    "faults on the line cost time, never a wrong card", arguments: 1...40 as ClosedRange<UInt64>)
  func faults(seed: UInt64) {
    var world = ReaderWorld()
    var faults = ChipFaults()
    faults.seed = seed
    faults.lostACK = 0.05
    faults.lostCommand = 0.03
    faults.changedByte = 0.05
    faults.garbage = 0.2
    faults.lostAnswer = 0.03
    faults.reset = 0.005
    world.chip.faults = faults
    _ = world.start()
    world.arm()
    var tries = 0
    var isRead = false
    while !isRead, tries < 20 {
      tries += 1
      world.chip.cards = [VirtualCard(.payment(PaymentCard(.mastercard)))]
      isRead = world.run { $0 == .read || $0 == .failed(.torn) } && world.events.last == .read
      if !isRead {
        world.chip.cards = []
        world.run(milliseconds: 1_000)
      }
    }
    #expect(isRead, "\(world.events)")
    var digits = Bytes<19>()
    world.reader.session.number(into: &digits)
    #expect(String(decoding: digits.array, as: UTF8.self) == "5413330089020011")
    for event in world.events {
      if case .failed(let failure) = event { #expect(failure == .torn) }
    }
  }

  @Test("a lost acknowledgement does not make a card give two cryptograms")
  func once() {
    var world = ReaderWorld()
    _ = world.start()
    world.chip.faults.lostACK = 1
    world.arm()
    world.chip.cards = [VirtualCard(.payment(PaymentCard(.mastercard)))]
    let isRead = world.run { $0 == .read }
    #expect(isRead)
    let instructions = world.chip.cards[0].transcript.map { $0.command[1] }
    #expect(instructions == [0xA4, 0xA4, 0xA8, 0xB2, 0xAE])
  }

  @Test(
    "a card that lies at every byte is refused or read, and never more than that",
    arguments: 1...300 as ClosedRange<UInt64>)
  func liars(seed: UInt64) {
    var world = ReaderWorld()
    _ = world.start()
    world.arm()
    let scheme = PaymentCard.Scheme.allCases[Int(seed % 6)]
    world.chip.cards = [
      VirtualCard(.liar(PaymentCard(scheme), SeededRandom(seed: seed)))
    ]
    let isOver = world.run {
      if case .failed = $0 { true } else { $0 == .read }
    }
    #expect(isOver, "\(world.events)")
  }
}

extension VirtualPN532 {
  /// As an earlier run left it.
  mutating func leave(at rate: Int) {
    let code = UInt8(
      [9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600, 1_288_000]
        .firstIndex(of: rate)!)
    let now = Instant(nanoseconds: 1)
    for byte in PlainFrame.fromHost([0x10, code]) { receive(byte, at: now) }
    let later = now + .milliseconds(100)
    while transmit(at: later) != nil {}
    for byte in ack { receive(byte, at: later) }
  }
}
