// The transaction machine, state by state and input by input.

import Controller
import Link
import Octets
import Testing

private let start = Instant(nanoseconds: 1_000_000_000)
private let origin = Origin([UInt8](repeating: 7, count: 16).span)!
private let due = start + .milliseconds(500)

/// The machine's states, each reached by inputs.
private enum State: String, CaseIterable {
  case idle, armed, reading, holdingCaptured, holdingUnreadable, captured, aborted, timedOut

  func machine() -> Transaction {
    var machine = Transaction()
    guard self != .idle else { return machine }
    _ = machine.step(.payment(payment("A"), obstacle: .none), now: start)
    switch self {
    case .idle, .armed: break
    case .reading: _ = machine.step(.cardMoves, now: start)
    case .holdingCaptured, .captured:
      _ = machine.step(.cardMoves, now: start)
      _ = machine.step(.captured(index: 3, due: due), now: start)
      if self == .captured { _ = machine.step(.tick, now: due) }
    case .holdingUnreadable:
      _ = machine.step(.cardMoves, now: start)
      _ = machine.step(.unreadable(.cardNotReadable, due: due), now: start)
    case .aborted: _ = machine.step(.abort(reference("A")), now: start)
    case .timedOut: _ = machine.step(.tick, now: start + .seconds(60))
    }
    return machine
  }

  var status: TransactionStatus.State {
    switch self {
    case .idle: .notFound
    case .armed, .reading, .holdingCaptured, .holdingUnreadable: .inProgress
    case .captured: .processed(origin: origin, index: 3)
    case .aborted, .timedOut: .ended(.aborted)
    }
  }

  var awaitsCard: Bool { self == .armed || self == .reading }
  var isOpen: Bool { status == .inProgress }
}

private func refusal(_ name: String, _ reason: Reason) -> Transaction.Action {
  .respond(Response(to: .payment, reference(name), isAccepted: false, reason: reason))
}

private func armed(_ name: String) -> Transaction.Action {
  .arm(
    Response(to: .payment, reference(name), isAccepted: true),
    Event(.waitingForCard, reference: reference(name)))
}

private func abortion(_ name: String) -> Transaction.Action {
  .abandon(
    Response(to: .abort, reference(name), isAccepted: true),
    Event(.aborted, reference: reference(name), reason: .aborted, isFinal: true))
}

private var timeOut: Transaction.Action {
  .tell(Event(.timedOut, reference: reference("A"), reason: .aborted, isFinal: true))
}

@Suite("A transaction")
struct TransactionTests {
  @Test("knows how every payment stands", arguments: State.allCases)
  private func status(_ state: State) {
    let machine = state.machine()
    #expect(machine.status(of: reference("A"), origin: origin).state == state.status)
    #expect(machine.status(of: reference("Z"), origin: origin).state == .notFound)
    #expect((machine.awaitingCard != nil) == state.awaitsCard)
    #expect(machine.isReading == (state == .reading))
    #expect((machine.due != nil) == (state == .holdingCaptured || state == .holdingUnreadable))
  }

  @Test("takes a new payment only when none is open", arguments: State.allCases)
  private func newPayment(_ state: State) {
    var machine = state.machine()
    let action = machine.step(.payment(payment("B"), obstacle: .none), now: start)
    #expect(action == (state.isOpen ? refusal("B", .pleaseWait) : armed("B")))
    #expect(machine.status(of: reference("A"), origin: origin).state == state.status)
  }

  @Test("never takes a reference twice", arguments: State.allCases, [UInt64(1250), 999])
  private func repeatedReference(_ state: State, _ amount: UInt64) {
    var machine = state.machine()
    let action = machine.step(.payment(payment("A", amount: amount), obstacle: .none), now: start)
    #expect(action == (state == .idle ? armed("A") : refusal("A", .notPossible)))
    if state != .idle {
      #expect(machine.status(of: reference("A"), origin: origin).state == state.status)
    }
  }

  @Test(
    "refuses for the obstacle there is",
    arguments: [Reason.storeFull, .keysExhausted, .pleaseWait, .readerNotAnswering])
  func obstacles(_ obstacle: Reason) {
    var machine = Transaction()
    let action = machine.step(.payment(payment("A"), obstacle: obstacle), now: start)
    #expect(action == refusal("A", obstacle))
    #expect(machine.status(of: reference("A"), origin: origin).state == .notFound)
    // What was refused may be asked for again.
    #expect(machine.step(.payment(payment("A"), obstacle: .none), now: start) == armed("A"))
  }

  @Test("is abandoned only while no card is over", arguments: State.allCases)
  private func abort(_ state: State) {
    var machine = state.machine()
    let action = machine.step(.abort(reference("A")), now: start)
    switch state {
    case .armed, .reading: #expect(action == abortion("A"))
    case .aborted, .timedOut:
      #expect(action == .respond(Response(to: .abort, reference("A"), isAccepted: true)))
    case .idle, .holdingCaptured, .holdingUnreadable, .captured:
      let refused = Response(
        to: .abort, reference("A"), isAccepted: false, reason: .notPossible)
      #expect(action == .respond(refused))
      #expect(machine.status(of: reference("A"), origin: origin).state == state.status)
    }
  }

  @Test("is not abandoned under another name", arguments: State.allCases)
  private func abortOther(_ state: State) {
    var machine = state.machine()
    let refused = Response(to: .abort, reference("Z"), isAccepted: false, reason: .notPossible)
    #expect(machine.step(.abort(reference("Z")), now: start) == .respond(refused))
    #expect(machine.status(of: reference("A"), origin: origin).state == state.status)
  }

  @Test("tells once that a card moves", arguments: State.allCases)
  private func cardMoves(_ state: State) {
    var machine = state.machine()
    let reading = Transaction.Action.tell(Event(.reading, reference: reference("A")))
    #expect(machine.step(.cardMoves, now: start) == (state == .armed ? reading : .none))
    #expect(machine.step(.cardMoves, now: start) == .none)
  }

  @Test("does nothing before its time", arguments: State.allCases)
  private func quietTick(_ state: State) {
    var machine = state.machine()
    let before = Instant(nanoseconds: due.nanoseconds - 1)
    #expect(machine.step(.tick, now: before) == .none)
    #expect(machine.status(of: reference("A"), origin: origin).state == state.status)
  }

  @Test("ends when its time is up, a swipe under way five seconds later")
  func times() {
    let last = start + .seconds(60)
    let before = Instant(nanoseconds: last.nanoseconds - 1)
    var waiting = State.armed.machine()
    #expect(waiting.step(.tick, now: before) == .none)
    #expect(waiting.step(.tick, now: last) == timeOut)
    #expect(waiting.step(.tick, now: last) == .none)
    var reading = State.reading.machine()
    #expect(reading.step(.tick, now: last) == .none)
    #expect(reading.step(.tick, now: before + .seconds(5)) == .none)
    #expect(reading.step(.tick, now: last + .seconds(5)) == timeOut)
  }

  @Test("releases at the slot and then tells the end")
  func release() {
    var machine = State.holdingCaptured.machine()
    let captured = Event(.captured, reference: reference("A"), isFinal: true)
    #expect(machine.step(.tick, now: due) == .release(due: due, captured))
    #expect(machine.step(.tick, now: due) == .none)
    let status = machine.status(of: reference("A"), origin: origin)
    #expect(status.state == .processed(origin: origin, index: 3))
  }

  @Test("takes a good card after an unreadable one")
  func again() {
    var machine = State.holdingUnreadable.machine()
    let told = Event(.cardNotReadable, reference: reference("A"), reason: .cardNotReadable)
    #expect(machine.step(.tick, now: due) == .tell(told))
    #expect(machine.awaitingCard?.reference == reference("A"))
    #expect(machine.step(.captured(index: 0, due: due), now: due) == .none)
    let captured = Event(.captured, reference: reference("A"), isFinal: true)
    #expect(machine.step(.tick, now: due) == .release(due: due, captured))
  }

  @Test("times out after an unreadable card that came at the last moment")
  func lateUnreadable() {
    var machine = State.reading.machine()
    let end = start + .seconds(61)
    _ = machine.step(.unreadable(.cardNotReadable, due: end), now: end)
    let told = Event(.cardNotReadable, reference: reference("A"), reason: .cardNotReadable)
    #expect(machine.step(.tick, now: end) == .tell(told))
    #expect(machine.step(.tick, now: end) == timeOut)
  }

  @Test("remembers the last 64 payments")
  func memory() {
    var machine = Transaction()
    for number in 0..<65 {
      _ = machine.step(.payment(payment("P\(number)"), obstacle: .none), now: start)
      _ = machine.step(.abort(reference("P\(number)")), now: start)
    }
    #expect(machine.status(of: reference("P0"), origin: origin).state == .notFound)
    for number in 1..<65 {
      let status = machine.status(of: reference("P\(number)"), origin: origin)
      #expect(status.state == .ended(.aborted))
    }
  }
}
