// Every kind of transaction and every way to pay, against the transaction machine.

import Controller
import Link
import Octets
import Testing

@Suite("Kinds of transaction")
struct KindTests {
  @Test("a reversal needs no card and undoes its original once")
  func reversal() {
    var till = Till()
    till.complete(request("A"))
    let asked = till.ask(request("R", .reversal, original: "A"))
    #expect(asked.response?.isAccepted == true && asked.event?.kind == .authorising)
    #expect(till.ask(request("X")).response?.reason == .pleaseWait)
    till.step(.reported(OutcomeReport(.approved, reference("R"))))
    #expect(till.closings.last?.order.request.original == reference("A"))
    #expect(till.closings.last?.capture == nil)
    let twice = till.ask(request("S", .reversal, original: "A"))
    #expect(twice.response?.reason == .alreadyReversed)
    #expect(till.ask(request("F", .refund, original: "A")).response?.reason == .notPossible)
  }

  @Test("a declined reversal undoes nothing, and what was declined cannot be reversed")
  func declined() {
    var till = Till()
    till.complete(request("A"))
    till.complete(request("R", .reversal, original: "A"), .declined)
    #expect(till.ask(request("S", .reversal, original: "A")).response?.isAccepted == true)
    till.step(.abort(reference("S")))
    till.complete(request("D"), .declined)
    let refused = till.ask(request("T", .reversal, original: "D"))
    #expect(refused.response?.reason == .reversalNotPossible)
  }

  @Test("what is older than the memory is left to the register's books")
  func unknownOriginal() {
    var till = Till()
    #expect(till.ask(request("R", .reversal, original: "long-ago")).response?.isAccepted == true)
  }

  @Test("a tab is opened, completed with a tip, and completed once")
  func tab() {
    var till = Till()
    till.complete(request("T", .preAuthorisation, amount: 5000) { $0.table = label("12") })
    let completion = request("C", .completion, amount: 4200, original: "T") {
      $0.tip = .hundredthsOfPercent(1250)
      $0.table = label("12")
    }
    till.complete(completion)
    #expect(till.closings.last?.order.tip == 525)
    #expect(till.closings.last?.amount == 4725)
    let again = till.ask(request("D", .completion, original: "T"))
    #expect(again.response?.reason == .tabNotOpen)
    till.complete(request("A"))
    #expect(till.ask(request("E", .completion, original: "A")).response?.reason == .tabNotOpen)
  }

  @Test("a refund takes a card, or none when it names what it refunds")
  func refund() {
    var till = Till()
    till.complete(request("A"))
    #expect(till.ask(request("F", .refund, original: "A")).event?.kind == .authorising)
    till.step(.reported(OutcomeReport(.approved, reference("F"))))
    #expect(till.ask(request("G", .refund)).event?.kind == .waitingForCard)
  }

  static let tips: [(Tip, UInt64, UInt64)] = [
    (.fixed(150), 1000, 150), (.hundredthsOfPercent(1000), 1000, 100),
    (.hundredthsOfPercent(1250), 4, 1), (.hundredthsOfPercent(1250), 3, 0),
    (.hundredthsOfPercent(10_000), 999, 999), (.hundredthsOfPercent(0), 999, 0),
  ]

  @Test("a tip is added, percentages to the nearest minor unit", arguments: tips.indices)
  func tip(_ index: Int) {
    let (tip, amount, value) = Self.tips[index]
    var till = Till()
    let event = till.ask(request("A", amount: amount) { $0.tip = tip }).event
    #expect(event?.amount == amount + value)
    #expect(till.machine.order?.tip == value)
  }

  @Test("a tip is asked for before the card, and may be none")
  func askedTip() {
    for (choice, total) in [(UInt64(200), UInt64(1200)), (0, 1000)] {
      var till = Till()
      let asked = till.ask(request("A") { $0.tip = .asked(seconds: 20) })
      #expect(asked.event?.kind == .tipWanted && till.machine.order(for: .magneticStripe) == nil)
      let chosen = till.step(.chosen(Choice(reference("A"), tip: choice)))
      #expect(chosen.response?.isAccepted == true)
      #expect(chosen.event?.kind == .waitingForCard && chosen.event?.amount == total)
      // The answer was lost: the same choice again is fine, another one comes too late.
      #expect(till.step(.chosen(Choice(reference("A"), tip: choice))).response?.isAccepted == true)
      #expect(till.step(.chosen(Choice(reference("A"), tip: 7))).response?.isAccepted == false)
    }
  }

  @Test("nobody chooses a tip: the payment goes on without one")
  func noChoice() {
    var till = Till()
    till.ask(request("A") { $0.tip = .asked(seconds: 20) })
    till.now = start + .seconds(20)
    let event = till.step(.tick).event
    #expect(event?.kind == .waitingForCard && event?.amount == 1000)
  }

  @Test("a currency's decimal places are its own", arguments: [(392, 0), (414, 3), (990, 4)])
  func currency(_ code: UInt16, _ exponent: UInt8) {
    for wrong in UInt8(0)...4 {
      var till = Till()
      let answer = till.ask(
        request("A") {
          $0.currency = code
          $0.exponent = wrong
        }
      ).response
      #expect(answer?.reason == (wrong == exponent ? Reason.none : .wrongCurrency))
    }
  }
}

@Suite("Ways to pay")
struct MethodTests {
  static let methods: [Method] = [.magneticStripe, .contactless, .walletCode]

  @Test("the first to come wins and the others are stood down", arguments: methods)
  func firstWins(_ method: Method) {
    var till = Till()
    till.ask(request("A"))
    #expect(Self.methods.allSatisfy { till.machine.order(for: $0) != nil })
    let event = till.step(.began(method)).event
    #expect(event?.kind == (method == .contactless ? .cardSeen : .reading))
    #expect(event?.methods == Methods(method))
    for other in Self.methods where other != method {
      #expect(till.machine.order(for: other) == nil)
      #expect(till.step(.began(other)) == .none)
    }
    #expect(till.machine.order(for: method) != nil)
    till.step(.captured(method, index: 0, due: start))
    #expect(till.step(.tick).event?.methods == Methods(method))
  }

  @Test("after a bad read all that are left may be tried")
  func retry() {
    var till = Till()
    till.ask(request("A"))
    let event = till.fail(.magneticStripe, Failure(.cardNotReadable)).event
    #expect(event?.prompt == .presentCardAgain && event?.methods == all)
    #expect(Self.methods.allSatisfy { till.machine.order(for: $0) != nil })
  }

  @Test("a tap that the card refuses leads to the stripe, and the tap is closed")
  func tapFallsBack() {
    var till = Till()
    till.ask(request("A"))
    let event = till.fail(.contactless, Failure(.processingError, .otherMethod)).event
    #expect(event?.prompt == .insertOrSwipe)
    #expect(event?.methods == Methods.magneticStripe.union(.walletCode))
    #expect(till.machine.order(for: .contactless) == nil)
  }

  @Test("when nothing is left the transaction has failed")
  func nothingLeft() {
    var till = Till()
    till.ask(request("A") { $0.methods = .contactless })
    let effects = till.fail(.contactless, Failure(.processingError, .otherMethod))
    #expect(effects.event?.outcome == .failed && effects.event?.isFinal == true)
    #expect(till.closings.map(\.reason) == [.processingError])
  }

  static let remedies: [(Failure.Remedy, Prompt)] = [
    (.again, .presentCardAgain), (.otherCard, .tryAnotherCard), (.seePhone, .seePhone),
    (.oneCardOnly, .oneCardOnly),
  ]

  @Test("the customer is told what helps", arguments: remedies.indices)
  func remedy(_ index: Int) {
    let (remedy, prompt) = Self.remedies[index]
    var till = Till()
    till.ask(request("A"))
    #expect(till.fail(.contactless, Failure(.cardNotReadable, remedy)).event?.prompt == prompt)
    #expect(till.machine.order(for: .contactless) != nil)
  }

  @Test("after three bad swipes another card is asked for")
  func badSwipes() {
    var till = Till()
    till.ask(request("A"))
    let prompts = (0..<3).map { _ in
      till.fail(.magneticStripe, Failure(.cardNotReadable)).event?.prompt
    }
    #expect(prompts == [.presentCardAgain, .presentCardAgain, .tryAnotherCard])
  }

  @Test("a chip card's stripe is taken as the register says")
  func chipPolicy() {
    for (policy, first, afterTap) in [
      (ChipPolicy.accept, false, false), (.acceptAfterFailedTap, true, false),
      (.refuse, true, true),
    ] {
      var till = Till()
      till.ask(request("A") { $0.chipPolicy = policy })
      #expect(till.machine.order?.refusesChipStripe == first)
      till.fail(.contactless, Failure(.cardNotReadable))
      #expect(till.machine.order?.refusesChipStripe == afterTap)
    }
  }

  @Test("a refused chip stripe leads to the tap, or to another card, and the head stays open")
  func refusedStripe() {
    for (methods, prompt) in [(all, Prompt.presentCard), (.magneticStripe, .tryAnotherCard)] {
      var till = Till()
      till.ask(request("A") { $0.methods = methods })
      let event = till.fail(.magneticStripe, Failure(.stripeNotAllowed, .otherMethod)).event
      #expect(event?.prompt == prompt)
      #expect(till.machine.order(for: .magneticStripe) != nil)
    }
  }

  @Test("a method is closed above its limit, tip included")
  func limits() {
    var till = Till()
    let event = till.ask(
      request("A", amount: 4900) {
        $0.limits[.magneticStripe] = 5000
        $0.tip = .fixed(150)
      }
    ).event
    #expect(event?.methods == Methods.contactless.union(.walletCode))
    #expect(till.machine.order(for: .magneticStripe) == nil)
  }

  @Test("a request above every limit is refused, or fails once the tip is known")
  func aboveAllLimits() {
    var till = Till()
    func limited(_ name: String, _ amount: UInt64) -> PaymentRequest {
      request(name, amount: amount) {
        $0.methods = .magneticStripe
        $0.limits[.magneticStripe] = 5000
        $0.tip = .asked(seconds: 9)
      }
    }
    #expect(till.ask(limited("A", 5001)).response?.reason == .amountTooHigh)
    #expect(till.ask(limited("B", 5000)).response?.isAccepted == true)
    let effects = till.step(.chosen(Choice(reference("B"), tip: 1)))
    #expect(effects.event?.outcome == .failed && effects.event?.reason == .amountTooHigh)
  }

  @Test("a reader may speak to the customer while it reads")
  func prompted() {
    var till = Till()
    till.ask(request("A"))
    till.step(.began(.contactless))
    let event = till.step(.prompted(.contactless, .removeCard, .cardReadRemove)).event
    #expect(event?.kind == .removeCard && event?.prompt == .cardReadRemove)
    #expect(till.step(.prompted(.magneticStripe, .reading, .processing)) == .none)
  }
}
