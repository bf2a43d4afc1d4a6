// What a register still waits for: an answer, the end of a transaction, its records. Who reads a
// script to its end stays until nothing is outstanding.

import Link
import Octets
import Register

struct Outstanding {
  private enum Thing: Hashable {
    case answer(MessageType, String)
    case end(String)
    case cardRecord(String)
    case closingRecord(String)
    case status(String)
    case record(UInt64)
    case totals
    case closedTotals
    case diagnosis
  }

  private var things: Set<Thing> = []
  private var closes: Set<String> = []
  /// Whether a transaction was refused or did not end well, and whether records or frames were
  /// not as they must be.
  private(set) var isUnpaid = false
  private(set) var isAlarmed = false
  /// The last step that was heard of each transaction.
  private(set) var steps: [String: EventKind] = [:]

  var isEmpty: Bool { things.isEmpty }

  /// Whether a code was asked for: another would take its place.
  var awaitsCode: Bool {
    things.contains { if case .answer(.code, _) = $0 { true } else { false } }
  }

  mutating func note(_ order: Order) {
    switch order {
    case .pay(let request):
      let name = request.reference.text
      steps[name] = nil
      things.formUnion([.answer(.payment, name), .end(name)])
      if request.outcomeSeconds != nil { closes.insert(name) }
    case .report(let report): things.insert(.answer(.outcome, report.reference.text))
    case .tip(let choice): things.insert(.answer(.choice, choice.reference.text))
    case .code(let request): things.insert(.answer(.code, request.reference.text))
    case .abort(let reference): things.insert(.answer(.abort, reference.text))
    case .status(let reference): things.insert(.status(reference.text))
    case .totals: things.insert(.totals)
    case .close: things.insert(.closedTotals)
    case .diagnosis: things.insert(.diagnosis)
    case .time, .wait, .quit: break
    }
  }

  /// Whether the transaction is at this step, or has ended.
  func isAt(_ step: String, _ name: String) -> Bool {
    guard things.contains(.end(name)) else { return !hasRecordOutstanding(name) }
    guard step != "end", let last = steps[name] else { return false }
    return Terms.step(last) == step
  }

  private func hasRecordOutstanding(_ name: String) -> Bool {
    things.contains(.cardRecord(name)) || things.contains(.closingRecord(name))
  }

  mutating func note(_ came: Came) {
    switch came.event {
    case .linkUp(_, let standing):
      switch standing {
      case .continuous, .newOrigin, .ahead: break
      case .missing, .forked: isAlarmed = true
      }
    case .forked: isAlarmed = true
    case .recall: break
    case .response(let response): note(response)
    case .event(let event): note(event)
    case .record(let index), .recordCopy(let index):
      things.remove(.record(index))
      note(record: Item(came.record))
    case .status(let status):
      things.remove(.status(status.reference.text))
      if case .processed(_, let index) = status.state { things.insert(.record(index)) }
    case .totals(let totals): things.remove(totals.isClosed ? .closedTotals : .totals)
    case .diagnosis: things.remove(.diagnosis)
    case .error: isUnpaid = true
    }
  }

  private mutating func note(_ response: Response) {
    let name = response.reference.text
    things.remove(.answer(response.request, name))
    guard !response.isAccepted else {
      if response.request == .payment, closes.contains(name) { things.insert(.closingRecord(name)) }
      return
    }
    isUnpaid = true
    if response.request == .payment {
      things.remove(.end(name))
      closes.remove(name)
    }
  }

  private mutating func note(_ event: Event) {
    guard let name = event.reference?.text else { return }
    steps[name] = event.kind
    guard event.isFinal, things.remove(.end(name)) != nil else { return }
    if event.outcome?.isGood != true { isUnpaid = true }
    if event.outcome == .captured, cardsSeen.remove(name) == nil {
      things.insert(.cardRecord(name))
    }
  }

  private var cardsSeen: Set<String> = []

  private mutating func note(record: Item?) {
    guard case .text(let name)? = record?[4], case .number(let outcome)? = record?[10] else {
      isAlarmed = true
      return
    }
    if outcome == 1 {
      if things.remove(.cardRecord(name)) == nil { cardsSeen.insert(name) }
    } else {
      things.remove(.closingRecord(name))
      closes.remove(name)
    }
  }
}
