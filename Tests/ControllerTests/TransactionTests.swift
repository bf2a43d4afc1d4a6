// The transaction machine, state by state and input by input, for a register that knows no more
// than a sale which ends with the capture.

import Controller
import Link
import Octets
import Testing

private let due = start + .milliseconds(500)
private let ready = Readiness(supported: .magneticStripe, methods: .magneticStripe)

/// The machine's states, each reached by inputs.
private enum State: String, CaseIterable {
  case idle, armed, reading, holdingCaptured, holdingUnreadable, captured, aborted, timedOut

  func machine() -> Transaction {
    var machine = Transaction()
    guard self != .idle else { return machine }
    _ = machine.step(.request(payment("A"), ready), now: start)
    switch self {
    case .idle, .armed: break
    case .reading: _ = machine.step(.began(.magneticStripe), now: start)
    case .holdingCaptured, .captured:
      _ = machine.step(.began(.magneticStripe), now: start)
      _ = machine.step(.captured(.magneticStripe, index: 3, due: due), now: start)
      if self == .captured { _ = machine.step(.tick, now: due) }
    case .holdingUnreadable:
      _ = machine.step(.began(.magneticStripe), now: start)
      _ = machine.step(.failed(.magneticStripe, unreadable, due: due), now: start)
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

private let unreadable = Failure(.cardNotReadable)

private func refusal(
  _ name: String, _ reason: Reason, of request: MessageType = .payment
) -> Transaction.Effects {
  Transaction.Effects(
    response: Response(to: request, reference(name), isAccepted: false, reason: reason))
}

private func armed(_ name: String, amount: UInt64 = 1250) -> Transaction.Effects {
  var event = Event(
    .waitingForCard, reference: reference(name), prompt: .insertOrSwipe,
    methods: .magneticStripe)
  event.amount = amount
  return Transaction.Effects(
    response: Response(to: .payment, reference(name), isAccepted: true), event: event)
}

private func abortion(_ name: String) -> Transaction.Effects {
  var event = Event(
    .aborted, reference: reference(name), reason: .aborted, prompt: .clearDisplay, isFinal: true)
  event.outcome = .aborted
  return Transaction.Effects(
    response: Response(to: .abort, reference(name), isAccepted: true), event: event)
}

private var timeOut: Transaction.Effects {
  var event = Event(
    .timedOut, reference: reference("A"), reason: .aborted, prompt: .clearDisplay, isFinal: true)
  event.outcome = .timedOut
  return Transaction.Effects(event: event)
}

private var capture: Transaction.Effects {
  var event = Event(
    .captured, reference: reference("A"), prompt: .cardReadRemove, methods: .magneticStripe,
    isFinal: true)
  event.outcome = .captured
  event.amount = 1250
  return Transaction.Effects(release: due, event: event)
}

private var retry: Transaction.Effects {
  Transaction.Effects(
    event: Event(
      .cardNotReadable, reference: reference("A"), reason: .cardNotReadable,
      prompt: .presentCardAgain, methods: .magneticStripe))
}

@Suite("A transaction")
struct TransactionTests {
  @Test("knows how every payment stands", arguments: State.allCases)
  private func status(_ state: State) {
    let machine = state.machine()
    #expect(machine.status(of: reference("A"), origin: origin).state == state.status)
    #expect(machine.status(of: reference("Z"), origin: origin).state == .notFound)
    #expect((machine.order(for: .magneticStripe) != nil) == state.awaitsCard)
    #expect(machine.order(for: .contactless) == nil)
    #expect((machine.order != nil) == state.isOpen)
    #expect(machine.isArmed == (state == .armed))
    #expect(machine.reading == (state == .reading ? .magneticStripe : nil))
    #expect((machine.due != nil) == (state == .holdingCaptured || state == .holdingUnreadable))
  }

  @Test("takes a new payment only when none is open", arguments: State.allCases)
  private func newPayment(_ state: State) {
    var machine = state.machine()
    let action = machine.step(.request(payment("B"), ready), now: start)
    #expect(action == (state.isOpen ? refusal("B", .pleaseWait) : armed("B")))
    #expect(machine.status(of: reference("A"), origin: origin).state == state.status)
  }

  @Test("never takes a reference twice", arguments: State.allCases, [UInt64(1250), 999])
  private func repeatedReference(_ state: State, _ amount: UInt64) {
    var machine = state.machine()
    let action = machine.step(.request(payment("A", amount: amount), ready), now: start)
    #expect(
      action == (state == .idle ? armed("A", amount: amount) : refusal("A", .notPossible)))
    if state != .idle {
      #expect(machine.status(of: reference("A"), origin: origin).state == state.status)
    }
  }

  static let obstacles: [(Readiness, Reason)] = [
    (Readiness(supported: all, methods: all, store: .storeFull), .storeFull),
    (Readiness(supported: all, methods: all, keys: .keysExhausted), .keysExhausted),
    (Readiness(supported: all, methods: all, keys: .pleaseWait), .pleaseWait),
    (Readiness(supported: all, methods: .contactless), .readerNotAnswering),
    (Readiness(supported: .contactless, methods: .contactless), .methodNotSupported),
  ]

  @Test("refuses for the obstacle there is", arguments: obstacles.indices)
  func obstacle(_ index: Int) {
    let (readiness, reason) = Self.obstacles[index]
    var machine = Transaction()
    let action = machine.step(.request(payment("A"), readiness), now: start)
    #expect(action == refusal("A", reason))
    #expect(machine.status(of: reference("A"), origin: origin).state == .notFound)
    // What was refused may be asked for again.
    #expect(machine.step(.request(payment("A"), ready), now: start) == armed("A"))
  }

  @Test("is abandoned only while no card is over", arguments: State.allCases)
  private func abort(_ state: State) {
    var machine = state.machine()
    let action = machine.step(.abort(reference("A")), now: start)
    switch state {
    case .armed, .reading: #expect(action == abortion("A"))
    case .aborted, .timedOut:
      #expect(
        action == .init(response: Response(to: .abort, reference("A"), isAccepted: true)))
    case .idle, .holdingCaptured, .holdingUnreadable, .captured:
      #expect(action == refusal("A", .notPossible, of: .abort))
      #expect(machine.status(of: reference("A"), origin: origin).state == state.status)
    }
  }

  @Test("is not abandoned under another name", arguments: State.allCases)
  private func abortOther(_ state: State) {
    var machine = state.machine()
    let action = machine.step(.abort(reference("Z")), now: start)
    #expect(action == refusal("Z", .notPossible, of: .abort))
    #expect(machine.status(of: reference("A"), origin: origin).state == state.status)
  }

  @Test("tells once that a card moves", arguments: State.allCases)
  private func cardMoves(_ state: State) {
    var machine = state.machine()
    let reading = Transaction.Effects(
      event: Event(
        .reading, reference: reference("A"), prompt: .processing, methods: .magneticStripe))
    let action = machine.step(.began(.magneticStripe), now: start)
    #expect(action == (state == .armed ? reading : .none))
    #expect(machine.step(.began(.magneticStripe), now: start) == .none)
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
    #expect(machine.step(.tick, now: due) == capture)
    #expect(machine.step(.tick, now: due) == .none)
    let status = machine.status(of: reference("A"), origin: origin)
    #expect(status.state == .processed(origin: origin, index: 3))
  }

  @Test("takes a good card after an unreadable one")
  func again() {
    var machine = State.holdingUnreadable.machine()
    #expect(machine.step(.tick, now: due) == retry)
    #expect(machine.order(for: .magneticStripe)?.reference == reference("A"))
    #expect(machine.step(.captured(.magneticStripe, index: 0, due: due), now: due) == .none)
    #expect(machine.step(.tick, now: due) == capture)
  }

  @Test("times out after an unreadable card that came at the last moment")
  func lateUnreadable() {
    var machine = State.reading.machine()
    let end = start + .seconds(61)
    _ = machine.step(.failed(.magneticStripe, unreadable, due: end), now: end)
    #expect(machine.step(.tick, now: end) == retry)
    #expect(machine.step(.tick, now: end) == timeOut)
  }

  @Test("remembers the last 64 payments")
  func memory() {
    var machine = Transaction()
    for number in 0..<65 {
      _ = machine.step(.request(payment("P\(number)"), ready), now: start)
      _ = machine.step(.abort(reference("P\(number)")), now: start)
    }
    #expect(machine.status(of: reference("P0"), origin: origin).state == .notFound)
    for number in 1..<65 {
      let status = machine.status(of: reference("P\(number)"), origin: origin)
      #expect(status.state == .ended(.aborted))
    }
  }
}
