// Customers of every sort, one after the other, at the real program: what each transaction must
// come to is known beforehand, and the register's log, events and totals must say the same.

import Foundation
import Link
import Magstripe
import Octets
import Register
import Simulator

/// How one transaction is to go.
private enum Plan: String {
  case captured, approved, partlyApproved, declined, failed
  case abortArmed, abortAuthorising, silentRegister, noCard, refused

  var outcome: Outcome? {
    switch self {
    case .captured: .captured
    case .approved: .approved
    case .partlyApproved: .partlyApproved
    case .declined: .declined
    case .failed: .failed
    case .abortArmed, .abortAuthorising: .aborted
    case .silentRegister: .notReported
    case .noCard: .timedOut
    case .refused: nil
    }
  }
}

struct MixedDialogue {
  private var random: SeededRandom
  private var number = 0
  /// References of approved sales and open tabs that can be undone or completed, with their amount.
  private var sales: [(Reference, UInt64)] = []
  private var tabs: [(Reference, UInt64)] = []
  private var expected: [TotalsRow] = []
  private var ends: [Outcome: UInt64] = [:]
  private var refusals: UInt64 = 0
  private(set) var plans: [String: Int] = [:]
  private(set) var presented: [Method: Int] = [:]
  private(set) var swipes = 0
  private(set) var repeatedSwipes = 0
  private(set) var missedEvents = 0
  private(set) var unended = 0
  private(set) var differing = 0
  private(set) var complaints: [String] = []

  private let seed: UInt64

  /// Of several at once each has its own `seed`, below 10^9.
  init(seed: UInt64) {
    self.seed = seed
    random = SeededRandom(seed: seed)
  }

  /// Takes what another has found.
  mutating func add(_ other: MixedDialogue) {
    plans.merge(other.plans) { $0 + $1 }
    presented.merge(other.presented) { $0 + $1 }
    swipes += other.swipes
    repeatedSwipes += other.repeatedSwipes
    missedEvents += other.missedEvents
    unended += other.unended
    differing += other.differing
    complaints += other.complaints
  }

  mutating func play(at kiosk: VirtualKiosk) throws {
    number += 1
    var request = PaymentRequest.demo("MIX-\(number)", amount: UInt64(100 + random.below(20_000)))
    let plan = choose(for: &request)
    plans["\(request.kind) \(plan.rawValue)", default: 0] += 1
    let start = kiosk.register.heardCount
    guard let answer = ask(.pay(request), .payment, request.reference, at: kiosk) else {
      return complain("no answer to \(request.kind) \(number)", isUnended: true)
    }
    guard plan != .refused else {
      refusals += 1
      return check(!answer.isAccepted, "a wrong currency was accepted")
    }
    guard answer.isAccepted else {
      return complain("\(request.kind) refused: \(answer.reason.rawValue)", isUnended: true)
    }
    try carryOut(plan, request, from: start, at: kiosk)
  }

  // MARK: What is asked for

  private mutating func choose(for request: inout PaymentRequest) -> Plan {
    if random.chance(0.01) {
      request.exponent = 0
      return .refused
    }
    request.methods = chooseMethod()
    if random.chance(0.15) { return .captured }
    request.outcomeSeconds = 30
    chooseKind(for: &request)
    if random.chance(0.3) { request.showsSteps = false }
    let dice = random.below(1_000)
    let hasCard = !request.needsNoCard
    switch dice {
    case 0..<60 where request.amount > 100: return .partlyApproved
    case 60..<140: return .declined
    case 140..<160: return .failed
    case 160..<200 where hasCard: return .abortArmed
    case 200..<230: return .abortAuthorising
    case 230..<233:
      request.outcomeSeconds = 1
      return .silentRegister
    case 233..<236 where hasCard:
      request.timeoutSeconds = 1
      return .noCard
    default: return .approved
    }
  }

  private mutating func chooseMethod() -> Methods {
    switch random.below(10) {
    case 0..<4: .magneticStripe
    case 4..<6: .contactless
    case 6..<9: .walletCode
    default: .magneticStripe.union(.contactless).union(.walletCode)
    }
  }

  private mutating func chooseKind(for request: inout PaymentRequest) {
    switch random.below(100) {
    case 0..<10: request.kind = .refund
    case 10..<20:
      guard let (sale, amount) = sales.popLast() else { return }
      request.kind = random.chance(0.5) ? .reversal : .refund
      request.original = sale
      request.amount = amount
      request.methods = .none
    case 20..<24: request.kind = .cardAcquisition
    case 24..<34:
      request.kind = .preAuthorisation
      request.table = Label(Array("T\(number % 40)".utf8).span)
    case 34..<44:
      guard let (tab, amount) = tabs.popLast() else { return }
      request.kind = .completion
      request.original = tab
      request.amount = amount
      request.methods = .none
      request.tip = .hundredthsOfPercent(UInt16(random.below(2_000)))
    case 44..<50: request.tip = .asked(seconds: 30)
    case 50..<55: request.tip = .fixed(UInt64(random.below(500)))
    case 55..<60:
      request.check = Label(Array("C\(number / 3)".utf8).span)
      request.part = CheckPart(UInt8(1 + number % 3), of: 3)
    default: break
    }
  }

  // MARK: How it goes

  private mutating func carryOut(
    _ plan: Plan, _ request: PaymentRequest, from start: Int, at kiosk: VirtualKiosk
  ) throws {
    var tip = request.tip?.value(of: request.amount) ?? 0
    if case .asked? = request.tip {
      tip = UInt64(random.below(300))
      let choice = Choice(request.reference, tip: tip)
      let answer = ask(.choose(choice), .choice, request.reference, at: kiosk)
      check(answer?.isAccepted == true, "a tip was not taken")
    }
    var capture: UInt64?
    let method = Self.method(of: request)
    if !request.needsNoCard, plan != .abortArmed, plan != .noCard {
      guard let index = try present(method, request.reference, at: kiosk) else {
        return complain("no \(method) was read for \(number)", isUnended: true)
      }
      capture = index
      presented[method, default: 0] += 1
    }
    let total = request.amount + tip
    var amount = total
    switch plan {
    case .approved, .declined, .failed, .partlyApproved:
      guard let outcome = plan.outcome else { break }
      var report = OutcomeReport(outcome, request.reference)
      if plan == .partlyApproved {
        amount = total / 2
        report.amount = amount
      }
      let answer = ask(.report(report), .outcome, request.reference, at: kiosk)
      check(answer?.isAccepted == true, "a report was not taken")
    case .abortArmed, .abortAuthorising:
      let answer = ask(.abort(request.reference), .abort, request.reference, at: kiosk)
      check(answer?.isAccepted == true, "an abort was not taken")
    case .captured, .silentRegister, .noCard, .refused: break
    }
    guard let outcome = plan.outcome else { return }
    try compare(request, outcome, amount, tip, capture, from: start, at: kiosk)
    note(request, outcome, amount, capture == nil ? nil : method)
  }

  /// How the customer of `request` pays: by what it names, or at random where all is allowed.
  private static func method(of request: PaymentRequest) -> Method {
    if request.methods == .contactless { return .contactless }
    return request.methods == .walletCode ? .walletCode : .magneticStripe
  }

  /// The index of the record; nil when nothing was read.
  private mutating func present(
    _ method: Method, _ reference: Reference, at kiosk: VirtualKiosk
  ) throws -> UInt64? {
    switch method {
    case .magneticStripe: return try swipe(reference, at: kiosk)
    case .walletCode:
      let from = kiosk.register.heardCount
      // One in ten scans the receipt first.
      if random.chance(0.1) {
        kiosk.scan("\(4_006_381_000_000 + random.below(1_000_000))\r")
        // What is scanned before the refusal's slot has passed is nobody's.
        usleep(60_000)
      }
      kiosk.scan("13\(String(format: "%016llu", seed * 1_000_000 + UInt64(number)))\r")
      return record(from: from, at: kiosk)
    case .contactless:
      let from = kiosk.register.heardCount
      let schemes = PaymentCard.Scheme.allCases
      usleep(100_000)  // Hands are slower; a card in the last one's place counts as that one.
      kiosk.chip.present([VirtualCard(.payment(PaymentCard(schemes[random.below(schemes.count)])))])
      defer { kiosk.chip.present([]) }
      return record(from: from, at: kiosk)
    }
  }

  private func record(from start: Int, at kiosk: VirtualKiosk) -> UInt64? {
    let heard = kiosk.register.wait(from: start, within: 20) {
      if case .record = $0.event { true } else { false }
    }
    if case .record(let index)? = heard?.event { return index }
    return nil
  }

  private func ask(
    _ message: VirtualRegister.Request, _ type: MessageType, _ reference: Reference,
    at kiosk: VirtualKiosk
  ) -> Response? {
    let start = kiosk.register.heardCount
    kiosk.register.ask(message)
    let heard = kiosk.register.wait(from: start, within: 20) {
      if case .response(let response) = $0.event {
        response.reference == reference && response.request == type
      } else {
        false
      }
    }
    if case .response(let response)? = heard?.event { return response }
    return nil
  }

  /// Swipes until the card's record is there; its index.
  private mutating func swipe(
    _ reference: Reference, at kiosk: VirtualKiosk
  ) throws -> UInt64? {
    for attempt in 0..<8 {
      var conditions = SwipeConditions()
      conditions.inchesPerSecond = Double(60 + random.below(40))
      conditions.direction = random.chance(0.3) ? .backward : .forward
      if attempt == 0, random.chance(0.03) { conditions.loss = 0.3 }
      let from = kiosk.register.heardCount
      let card = TestCard.all[random.below(3)]
      _ = try kiosk.feed.play(card.edges(conditions, seed: random.next()))
      swipes += 1
      let heard = kiosk.register.wait(from: from, within: attempt < 2 ? 1 : 4) {
        if case .record = $0.event { true } else { $0.isEvent(.cardNotReadable, reference) }
      }
      if case .record(let index)? = heard?.event { return index }
      repeatedSwipes += 1
    }
    return nil
  }

  // MARK: What came of it

  private mutating func compare(
    _ request: PaymentRequest, _ outcome: Outcome, _ amount: UInt64, _ tip: UInt64,
    _ capture: UInt64?, from start: Int, at kiosk: VirtualKiosk
  ) throws {
    guard request.outcomeSeconds != nil else {
      return try comparePlain(request, capture, from: start, at: kiosk)
    }
    let register = kiosk.register
    let heard = register.wait(from: start, within: 30) {
      if case .record(let index) = $0.event { index != capture } else { false }
    }
    guard let heard, let closing = try kiosk.openClosing(heard.sealed) else {
      return complain("no closing record for \(number)", isUnended: true)
    }
    var wanted = closing
    wanted.reference = "MIX-\(number)"
    wanted.kind = request.kind.rawValue
    wanted.amount = amount
    wanted.outcome = outcome.rawValue
    wanted.capture = capture
    wanted.tip = request.tip == nil ? nil : tip
    check(closing == wanted, "record \(closing), wanted \(wanted)")
    let end = register.wait(from: start, within: 0.3) { $0.isEnd(of: request.reference) }
    if case .event(let event)? = end?.event {
      check(event.outcome == outcome, "event \(event), record \(closing)")
      check(!outcome.isGood || event.amount == amount, "another amount in \(event)")
    } else {
      missedEvents += 1
    }
    if end == nil || random.chance(0.1) {
      try compareStatus(request.reference, closing.index, at: kiosk)
    }
  }

  private mutating func comparePlain(
    _ request: PaymentRequest, _ capture: UInt64?, from start: Int, at kiosk: VirtualKiosk
  ) throws {
    let heard = kiosk.register.wait(from: start) {
      if case .record = $0.event { true } else { false }
    }
    guard let heard, let capture else { return complain("no record", isUnended: true) }
    let record = try kiosk.open(heard.sealed)
    check(record.reference == "MIX-\(number)", "another reference: \(record.reference)")
    check(record.amount.minorUnits == request.amount, "another amount in \(record.reference)")
    let end = kiosk.register.wait(from: start, within: 0.3) { $0.isEnd(of: request.reference) }
    if case .event(let event)? = end?.event {
      check(event.outcome == .captured, "event \(event) of a capture")
    } else {
      missedEvents += 1
    }
    if end == nil { try compareStatus(request.reference, capture, at: kiosk) }
  }

  private mutating func compareStatus(
    _ reference: Reference, _ index: UInt64, at kiosk: VirtualKiosk
  ) throws {
    let start = kiosk.register.heardCount
    kiosk.register.ask(.status(reference))
    let heard = kiosk.register.wait(from: start, within: 20) {
      if case .status(let status) = $0.event { status.reference == reference } else { false }
    }
    guard case .status(let status)? = heard?.event,
      case .processed(_, let said) = status.state
    else { return complain("no status of \(number)", isUnended: true) }
    check(said == index, "status names \(said), the record is \(index)")
  }

  private mutating func note(
    _ request: PaymentRequest, _ outcome: Outcome, _ amount: UInt64, _ method: Method?
  ) {
    ends[outcome, default: 0] += 1
    guard outcome.isGood else { return }
    if request.kind == .sale, outcome == .approved {
      sales.append((request.reference, amount))
    }
    if request.kind == .preAuthorisation { tabs.append((request.reference, amount)) }
    // The controller remembers 64.
    if sales.count > 16 { sales.removeFirst() }
    if tabs.count > 8 { tabs.removeFirst() }
    var row = TotalsRow(
      method: method, kind: request.kind, currency: request.currency,
      isApproved: outcome != .captured)
    let place = expected.firstIndex {
      $0.method == row.method && $0.kind == row.kind && $0.isApproved == row.isApproved
    }
    if let place { row = expected[place] }
    row.count += 1
    row.sum += amount
    if let place { expected[place] = row } else { expected.append(row) }
  }

  /// The controller's totals against the register's own books.
  mutating func compareTotals(at kiosk: VirtualKiosk) throws {
    let start = kiosk.register.heardCount
    kiosk.register.ask(.totals(closing: nil))
    let heard = kiosk.register.wait(from: start, within: 20) {
      if case .totals = $0.event { true } else { false }
    }
    guard case .totals(let totals)? = heard?.event else {
      return complain("no totals", isUnended: true)
    }
    var rows: [TotalsRow] = []
    for index in 0..<Totals.capacity { if let row = totals[index] { rows.append(row) } }
    let books = expected
    check(rows == books, "totals \(rows), books \(books)")
    for value in UInt8(1)...8 {
      guard let outcome = Outcome(rawValue: value) else { continue }
      check(totals.count(outcome) == ends[outcome] ?? 0, "\(outcome): \(totals.count(outcome))")
    }
    check(totals.refused == refusals, "refused: \(totals.refused)")
  }

  private mutating func check(_ holds: Bool, _ words: @autoclosure () -> String) {
    if !holds { complain(words(), isUnended: false) }
  }

  private mutating func complain(_ words: String, isUnended: Bool) {
    if isUnended { unended += 1 } else { differing += 1 }
    complaints.append("\(number): \(words)")
  }
}
