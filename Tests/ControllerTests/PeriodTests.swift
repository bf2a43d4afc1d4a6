// Totals by period, against the transaction machine.

import Controller
import Link
import Octets
import Testing

@Suite("Totals")
struct PeriodTests {
  private func totals(_ till: inout Till, closing: PeriodName? = nil) -> Totals {
    till.machine.totals(TotalsRequest(closing: closing), epoch: 7, now: till.now)
  }

  @Test("count by kind, method and outcome, and sum what was approved")
  func rows() {
    var till = Till()
    till.complete(request("A"))
    till.complete(request("B", amount: 250))
    till.complete(request("C"), .declined)
    till.complete(request("R", .reversal, original: "A"))
    till.ask(request("D") { $0.outcomeSeconds = nil })
    till.present(.contactless)
    till.ask(request("E"))
    till.ask(request("F"))
    till.step(.abort(reference("E")))
    let totals = totals(&till)
    #expect(totals.name == PeriodName(epoch: 7, number: 1) && !totals.isClosed)
    var sales = TotalsRow(method: .magneticStripe, kind: .sale, currency: 978, isApproved: true)
    sales.count = 2
    sales.sum = 1250
    var reversals = TotalsRow(method: nil, kind: .reversal, currency: 978, isApproved: true)
    reversals.count = 1
    reversals.sum = 1000
    var captures = TotalsRow(method: .contactless, kind: .sale, currency: 978, isApproved: false)
    captures.count = 1
    captures.sum = 1000
    #expect(totals[0] == sales && totals[1] == reversals && totals[2] == captures)
    #expect(totals[3] == nil && totals.refused == 1)
    #expect(totals.count(.approved) == 3 && totals.count(.declined) == 1)
    #expect(totals.count(.captured) == 1 && totals.count(.aborted) == 1)
  }

  /// Whether it is a request that a message can carry.
  private func isTaken(_ request: PaymentRequest) -> Bool {
    var bytes = MessageBytes()
    guard (try? RegisterMessage.payment(request).encode(into: &bytes)) != nil else { return false }
    return bytes.withBytes { (try? RegisterMessage(decoding: $0)) != nil }
  }

  @Test("have a row for whatever one currency can bring")
  func everyRow() {
    var till = Till()
    till.complete(request("sale"))
    till.complete(request("tab", .preAuthorisation))
    var number = 0
    for kind in (UInt8(1)...6).compactMap({ TransactionKind(rawValue: $0) }) {
      for method in [nil, Method.magneticStripe, .contactless, .walletCode] {
        for (original, isReported) in [
          (nil, true), (nil, false), ("sale", true), ("sale", false), ("tab", true), ("tab", false),
        ] {
          number += 1
          let name = "N\(number)"
          let asked = request(name, kind, original: original) {
            $0.methods = method.map { Methods($0) } ?? .none
            if !isReported { $0.outcomeSeconds = nil }
          }
          guard isTaken(asked) else { continue }
          till.ask(asked)
          if let method, till.state(name) == .inProgress { till.present(method) }
          if isReported { till.step(.reported(OutcomeReport(.approved, reference(name)))) }
          till.step(.abort(reference(name)))
        }
      }
    }
    let totals = totals(&till)
    #expect(totals.unlisted == 0)
    #expect(totals[16] != nil, "16 rows were too few")
  }

  @Test("close once, however often it is asked, and only by name")
  func close() {
    var till = Till()
    till.complete(request("A"))
    let open = totals(&till)
    till.now = start + .seconds(5)
    let closed = totals(&till, closing: open.name)
    #expect(closed.isClosed && closed[0]?.count == 1 && closed.until == 6_000)
    till.complete(request("B"))
    #expect(totals(&till, closing: open.name) == closed)
    let other = totals(&till, closing: PeriodName(epoch: 6, number: 2))
    #expect(!other.isClosed && other.name == PeriodName(epoch: 7, number: 2))
    #expect(other[0]?.count == 1 && other.since == 6_000)
  }
}
