// The transaction machine for registers that report outcomes: one end for each request.

import Controller
import Link
import Octets
import Testing

private let due = start + .milliseconds(10)

@Suite("A transaction with an outcome")
struct OutcomeTests {
  @Test("ends once the register reports, and says what the customer is told")
  func approved() {
    var till = Till()
    #expect(till.ask(request("A")).event?.prompt == .presentCard)
    let shown = till.present()
    #expect(shown.release == start && shown.close == nil)
    #expect(shown.event?.kind == .captured && shown.event?.isFinal == false)
    #expect(shown.nextEvent?.kind == .authorising && shown.nextEvent?.prompt == .authorising)
    #expect(till.state("A") == .inProgress)
    var report = OutcomeReport(.approved, reference("A"), approval: label("123456"))
    let end = till.step(.reported(report))
    #expect(end.response == Response(to: .outcome, reference("A"), isAccepted: true))
    #expect(end.event?.isFinal == true && end.event?.prompt == .approved)
    #expect(end.event?.outcome == .approved && end.event?.amount == 1000)
    #expect(till.closings.map(\.outcome) == [.approved])
    #expect(till.closings[0].capture == Capture(method: .magneticStripe, index: 0))
    #expect(till.closings[0].approval == label("123456"))
    #expect(till.state("A") == .processed(origin: origin, index: 1))
    // The answer was lost: the same report is answered again, another one is refused.
    #expect(till.step(.reported(report)).response?.isAccepted == true)
    report.outcome = .declined
    #expect(till.step(.reported(report)).response?.reason == .notPossible)
    #expect(till.closings.count == 1)
  }

  static let ends: [(Outcome, EventKind, Prompt)] = [
    (.partlyApproved, .ended, .approved), (.declined, .ended, .notAuthorised),
    (.failed, .ended, .clearDisplay),
  ]

  @Test("tells every outcome that a register can report", arguments: ends.indices)
  func reported(_ index: Int) {
    let (outcome, kind, prompt) = Self.ends[index]
    var till = Till()
    till.ask(request("A"))
    till.present()
    var report = OutcomeReport(outcome, reference("A"), reason: Reason(rawValue: 5))
    if outcome == .partlyApproved { report.amount = 400 }
    let event = till.step(.reported(report)).event
    #expect(event?.kind == kind && event?.prompt == prompt && event?.isFinal == true)
    #expect(event?.reason == Reason(rawValue: 5))
    #expect(event?.amount == (outcome == .partlyApproved ? 400 : nil))
    #expect(till.closings[0].amount == (outcome == .partlyApproved ? 400 : 1000))
  }

  @Test("asks for a signature when the register does")
  func signature() {
    var till = Till()
    till.ask(request("A"))
    till.present()
    var report = OutcomeReport(.approved, reference("A"))
    report.needsSignature = true
    #expect(till.step(.reported(report)).event?.prompt == .approvedSign)
  }

  @Test("takes no outcome before there is a card, none of another one, none above the amount")
  func wrongReports() {
    var till = Till()
    let report = OutcomeReport(.approved, reference("A"), amount: 1001)
    #expect(till.step(.reported(report)).response?.reason == .notPossible)
    till.ask(request("A"))
    #expect(till.step(.reported(report)).response?.reason == .notPossible)
    till.present()
    #expect(till.step(.reported(report)).response?.reason == .amountTooHigh)
    let other = OutcomeReport(.approved, reference("B"))
    #expect(till.step(.reported(other)).response?.reason == .notPossible)
    #expect(till.state("A") == .inProgress)
  }

  @Test("ends as not reported when the register stays silent")
  func silence() {
    var till = Till()
    till.ask(request("A"))
    till.present()
    till.now = start + .seconds(30)
    let event = till.step(.tick).event
    #expect(event?.outcome == .notReported && event?.isFinal == true)
    #expect(till.closings.map(\.outcome) == [.notReported])
    let late = OutcomeReport(.approved, reference("A"))
    #expect(till.step(.reported(late)).response?.reason == .notPossible)
  }

  /// Brings an order into one of its steps.
  private static let steps: [(String, @Sendable (inout Till) -> Void)] = [
    ("choosing", { $0.ask(request("A") { $0.tip = .asked(seconds: 20) }) }),
    ("armed", { $0.ask(request("A")) }),
    (
      "reading",
      {
        $0.ask(request("A"))
        $0.step(.began(.contactless))
      }
    ),
    (
      "authorising",
      {
        $0.ask(request("A"))
        $0.present(.walletCode)
      }
    ),
  ]

  @Test("is abandoned at any step, with one end", arguments: steps.indices)
  func abort(_ index: Int) {
    var till = Till()
    Self.steps[index].1(&till)
    let effects = till.step(.abort(reference("A")))
    #expect(effects.response?.isAccepted == true)
    #expect(effects.event?.outcome == .aborted && effects.event?.isFinal == true)
    #expect(till.closings.map(\.outcome) == [.aborted])
    #expect(till.step(.abort(reference("A"))).response?.isAccepted == true)
    #expect(till.closings.count == 1)
    #expect(till.ask(request("B")).response?.isAccepted == true)
  }

  @Test("is abandoned while a card waits for its slot, which the card's record keeps")
  func abortHolding() {
    var till = Till()
    till.ask(request("A"))
    till.step(.captured(.magneticStripe, index: 0, due: due))
    let answer = till.step(.abort(reference("A")))
    #expect(answer.response?.isAccepted == true && answer.event == nil)
    till.now = due
    let end = till.step(.tick)
    #expect(end.release == due && end.event?.outcome == .aborted)
    #expect(end.close?.capture == Capture(method: .magneticStripe, index: 0))
  }

  @Test("ends when no card comes, also with a closing record")
  func timeOut() {
    var till = Till()
    till.ask(request("A"))
    till.now = start + .seconds(60)
    #expect(till.step(.tick).event?.outcome == .timedOut)
    #expect(till.closings.map(\.outcome) == [.timedOut])
    #expect(till.state("A") == .processed(origin: origin, index: 0))
  }

  @Test("hides steps from a register that wants none")
  func quiet() {
    var till = Till()
    let waiting = till.ask(request("A") { $0.showsSteps = false })
    #expect(till.hidden(waiting) == [.waitingForCard])
    let reading = till.step(.began(.magneticStripe))
    #expect(till.hidden(reading) == [.reading])
    till.step(.failed(.magneticStripe, Failure(.cardNotReadable), due: start))
    let failed = till.step(.tick)
    #expect(failed.event?.kind == .cardNotReadable && till.hidden(failed) == [])
    let captured = till.present()
    #expect(till.hidden(captured) == [.captured, .authorising])
    let ended = till.step(.reported(OutcomeReport(.approved, reference("A"))))
    #expect(ended.event?.isFinal == true && till.hidden(ended) == [])
    let shown = till.ask(request("B"))
    #expect(shown.event?.kind == .waitingForCard && till.hidden(shown) == [])
  }
}
