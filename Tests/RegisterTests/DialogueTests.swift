import Link
import Octets
import Register
import Testing

@Suite("A register and a controller on one line")
struct DialogueTests {
  @Test("the link comes up within 50 ms and tells who is there and what time it is")
  func comesUp() throws {
    let world = try World(seed: 1)
    let start = world.now
    world.register { $0.tell(unixMilliseconds: 1_800_000_000_000, now: start) }
    #expect(world.run(until: { isUp(world) }, atMost: 50))
    #expect(world.controllerEvents.first == .sessionStarted)
    guard case .time(let time) = world.controllerEvents[1] else {
      Issue.record("no time")
      return
    }
    #expect((1_800_000_000_000...1_800_000_000_050).contains(time))
    guard case .linkUp(let info, .newOrigin) = world.registerEvents[0] else {
      Issue.record("no boot information")
      return
    }
    #expect(info.version == 1 && info.epoch == 1 && info.first == 0 && info.next == 0)
    #expect(info.root == .emptyTree)
  }

  static let lines: [(String, Faults)] = [
    ("clean", Faults()),
    ("flips", Faults(flip: 0.001)),
    ("losses", Faults(loss: 0.001)),
    ("doubled bytes", Faults(repeatedByte: 0.001)),
    ("doubled frames", Faults(repeatedFrame: 0.3)),
    ("all", Faults(flip: 3e-4, loss: 3e-4, repeatedByte: 3e-4, repeatedFrame: 0.1, noise: 0.2)),
  ]

  @Test("every record arrives exactly once and in order", arguments: 0..<6, [101, 102, 103])
  func exactlyOnce(line: Int, seed: Int) throws {
    let world = try connected(seed: UInt64(seed), Self.lines[line].1)
    var sent: [[UInt8]] = []
    while sent.count < 60 {
      let size = Int.random(in: 1...560, using: &world.random)
      let record = (0..<size).map { _ in UInt8.random(in: 0...255, using: &world.random) }
      if Bool.random(using: &world.random) {
        _ = try world.release(record, after: 10)
      } else {
        try world.append(record)
      }
      sent.append(record)
      world.run(Int.random(in: 0...150, using: &world.random))
    }
    #expect(
      world.run(until: { world.isDelivered }, atMost: 600_000),
      "\(Self.lines[line].0), seed \(seed)")
    #expect(world.taken.map(\.bytes) == sent, "\(Self.lines[line].0), seed \(seed)")
    #expect(world.taken.map(\.index) == (0..<60).map { UInt64($0) })
    #expect(world.controllerCounts.sessions.forged == 0)
    #expect(world.registerCounts.sessions.forged == 0)
  }

  @Test("a payment is carried out once and answered, whatever the line loses", arguments: 1...20)
  func paymentOnce(seed: Int) throws {
    let world = try connected(seed: UInt64(seed), Faults(flip: 0.003, loss: 0.003))
    world.register { $0.pay(payment("order-1")) }
    let answer = Response(to: .payment, reference("order-1"), isAccepted: true)
    #expect(world.run { world.registerEvents.contains(.response(answer)) }, "seed \(seed)")
    world.run(3000)
    #expect(world.controllerEvents.filter { $0 == .payment(payment("order-1")) }.count == 1)
    #expect(world.registerEvents.filter { $0 == .response(answer) }.count == 1)
  }

  @Test("the same request gets the same answer, another one under its reference is refused")
  func idempotent() throws {
    let world = try connected(seed: 4)
    let refused = Response(
      to: .payment, reference("r"), isAccepted: false, reason: .pleaseWait)
    world.answers = { _ in refused }
    for _ in 0..<3 {
      world.register { $0.pay(payment("r")) }
      world.run(200)
    }
    #expect(world.registerEvents.filter { $0 == .response(refused) }.count == 3)
    world.register { $0.pay(payment("r", amount: 1)) }
    world.run(200)
    let conflict = Response(to: .payment, reference("r"), isAccepted: false, reason: .notPossible)
    #expect(world.registerEvents.last == .response(conflict))
    #expect(
      world.controllerEvents.filter { if case .payment = $0 { true } else { false } }.count == 1)
  }

  @Test("abort, status and events pass as they are")
  func small() throws {
    let world = try connected(seed: 10)
    world.register { $0.abort(reference("x")) }
    world.run(60)
    #expect(world.controllerEvents.contains(.abort(reference("x"))))
    let event = Event(
      .cardNotReadable, reference: reference("x"), reason: .cardNotReadable,
      unixMilliseconds: 5, isFinal: true)
    let answer = Response(to: .abort, reference("x"), isAccepted: true)
    world.controller {
      $0.answer(answer)
      $0.send(.event(event))
    }
    world.register { $0.queryStatus(reference("y")) }
    world.run(60)
    world.controller { $0.send(.transactionStatus(TransactionStatus(reference("y"), .notFound))) }
    world.run(60)
    #expect(world.registerEvents.contains(.response(answer)))
    #expect(world.registerEvents.contains(.event(event)))
    #expect(
      world.registerEvents.contains(.status(TransactionStatus(reference("y"), .notFound))))
  }

  @Test("a code's template goes there and its payload comes back whole, on a bad line too")
  func merchantCode() throws {
    let world = try connected(seed: 12, Faults(flip: 0.000_5, loss: 0.000_5))
    let template = (0..<512).map { UInt8(ascii: "A") + UInt8($0 % 26) }
    #expect(
      world.register {
        $0.makeCode(
          reference("c"), amount: 1, currency: 978, exponent: 2, template: template.span)
      })
    #expect(
      !world.register {
        $0.makeCode(
          reference("d"), amount: 1, currency: 978, exponent: 2,
          template: (template + template).span)
      })
    #expect(
      world.register {
        $0.makeCode(
          reference("c"), amount: 1, currency: 978, exponent: 2, template: template.span)
      })
    #expect(world.run { world.payloads.last == template })
    #expect(
      world.register {
        $0.makeCode(reference("e"), amount: 0, currency: 978, exponent: 2, template: [48].span)
      })
    let refusal = Response(to: .code, reference("e"), isAccepted: false, reason: .amountTooHigh)
    #expect(world.run { world.registerEvents.last == .response(refusal) })
  }

  @Test("replaying all that was ever sent, in either direction, changes nothing")
  func replay() throws {
    let world = try connected(seed: 11)
    world.register { $0.pay(payment("a")) }
    for number in 0..<4 { try world.append([UInt8(number)]) }
    world.run(500)
    let (controllerEvents, registerEvents) = (world.controllerEvents, world.registerEvents)
    let past = world.recorded
    for frame in past.toController { world.inject(frame, toRegister: false) }
    for frame in past.toRegister where frame.count > 10 { world.inject(frame, toRegister: true) }
    world.run(2000)
    #expect(world.controllerEvents == controllerEvents)
    #expect(world.registerEvents == registerEvents)
    #expect(world.controllerCounts.sessions.replayed == UInt64(past.toController.count))
    #expect(world.taken.count == 4)
  }

  @Test("a controller that lost power is back in a session within a second and a half")
  func powerCut() throws {
    let world = try connected(seed: 12)
    try world.append([1])
    world.run(2500)
    try world.restartController(epoch: 2, size: 1)
    try world.append([2])
    let before = world.registerEvents.count
    #expect(world.run(until: { world.registerEvents.count > before }, atMost: 1500))
    guard case .linkUp(let info, .continuous)? = world.registerEvents.dropFirst(before).first
    else {
      Issue.record("no link")
      return
    }
    #expect(info.epoch == 2)
    #expect(world.run { world.taken.map(\.bytes) == [[1], [2]] })
    #expect(world.run { world.isDelivered })
  }

  private func standing(_ world: World, after restart: () throws -> Void) rethrows -> Standing? {
    let before = world.registerEvents.count
    try restart()
    _ = world.run(until: { world.registerEvents.count > before }, atMost: 5000)
    guard case .linkUp(_, let standing)? = world.registerEvents.dropFirst(before).first else {
      return nil
    }
    return standing
  }

  /// A register and a controller that agree on `count` records.
  private func agreed(_ count: Int, seed: UInt64, _ faults: Faults = Faults()) throws -> World {
    let world = try connected(seed: seed, faults)
    for number in 0..<count { try world.append([UInt8(number), 1, 2, 3]) }
    #expect(world.run { world.isDelivered && world.held?.size == UInt64(count) })
    return world
  }

  @Test("a controller that lost its end gets it back from the register", arguments: 1...16)
  func recovery(_ lost: Int) throws {
    let world = try agreed(20, seed: UInt64(lost), Faults(flip: 0.001, loss: 0.001))
    let log = world.log
    #expect(
      try standing(world) { try world.restartController(epoch: 2, size: 20 - lost) }
        == .ahead(count: UInt64(lost)))
    #expect(world.run { world.isReconciled })
    #expect(world.log == log)
    try world.append([99])
    #expect(world.run { world.taken.last?.bytes == [99] })
    #expect(world.taken.map(\.index) == (0..<21).map { UInt64($0) })
  }

  @Test("no payment is taken until both agree")
  func noPaymentBefore() throws {
    let world = try agreed(5, seed: 40)
    world.givesBack = false
    _ = try standing(world) { try world.restartController(epoch: 2, size: 3) }
    world.register { $0.pay(payment("early")) }
    // It is repeated, and left unanswered until then.
    world.run(10_000)
    let hasAnswer = world.registerEvents.contains {
      if case .response = $0 { true } else { false }
    }
    #expect(!hasAnswer && !world.isReconciled)
    world.givesBack = true
    let accepted = Response(to: .payment, reference("early"), isAccepted: true)
    #expect(world.run { world.registerEvents.contains(.response(accepted)) })
  }

  @Test("more than a power cut can take, or other records, are an alarm and stop payments")
  func divergence() throws {
    let tooMuch = try agreed(20, seed: 41)
    _ = try standing(tooMuch) { try tooMuch.restartController(epoch: 2, size: 3) }
    #expect(tooMuch.run { tooMuch.isDiverged })
    #expect(tooMuch.controllerEvents.last == .diverged)
    tooMuch.register { $0.pay(payment("late")) }
    let refused = Response(
      to: .payment, reference("late"), isAccepted: false, reason: .diagnosisRequired)
    #expect(tooMuch.run { tooMuch.registerEvents.contains(.response(refused)) })

    // The register sees it itself when both have as many, or the controller less.
    let changed = try agreed(20, seed: 42)
    #expect(
      try standing(changed) { try changed.restartController(epoch: 2, size: 20, changing: 4) }
        == .forked)
    #expect(changed.run { changed.isDiverged })

    // What comes back does not make the root that the register vouched for.
    let shorter = try agreed(20, seed: 43)
    _ = try standing(shorter) { try shorter.restartController(epoch: 2, size: 15, changing: 14) }
    #expect(shorter.run { shorter.isDiverged })
    #expect(shorter.log.count == 15, "nothing is adopted")
  }

  @Test("a controller with more records of another past is found out by both")
  func otherPast() throws {
    let world = try agreed(6, seed: 44)
    let held = world.held
    for number in 0..<3 { try world.append([UInt8(number)]) }
    #expect(world.run { world.isDelivered })
    try world.restartRegister(held: held)
    _ = try standing(world) { try world.restartController(epoch: 2, size: 9, changing: 2) }
    #expect(world.run { world.isDiverged })
    world.run(3000)
    #expect(world.taken.count == 9, "nothing more is taken")
  }

  @Test("a new log begins anew")
  func newLog() throws {
    let world = try agreed(3, seed: 13)
    #expect(
      try standing(world) { try world.restartController(epoch: 2, size: 0, origin: 8) }
        == .newOrigin)
    try world.append([10])
    #expect(world.run { world.taken.last?.bytes == [10] })
    #expect(world.taken.last?.index == 0)
  }

  @Test("a register that was away gets a long backlog, each record once")
  func backlog() throws {
    let world = try World(seed: 45)
    for number in 0..<300 { try world.append([UInt8(number & 255), UInt8(number >> 8)]) }
    world.register { $0.tell(unixMilliseconds: 1_800_000_000_000, now: world.now) }
    #expect(world.run { world.isDelivered })
    #expect(world.taken.map(\.bytes) == world.log)
    #expect(world.controllerCounts.repeats == 0)
  }

  @Test("a register that restarts with what it stored gets what it lacks and nothing twice")
  func registerRestart() throws {
    let world = try connected(seed: 14)
    for number in 0..<2 { try world.append([UInt8(number)]) }
    #expect(world.run { world.isDelivered })
    world.acknowledges = false
    try world.append([2])
    #expect(world.run { world.taken.count == 3 })
    world.acknowledges = true
    let held = world.held
    #expect(held?.size == 2)
    try world.restartRegister(held: held)
    #expect(world.run { world.isDelivered })
    #expect(world.taken.map(\.index) == [0, 1, 2, 2])
  }

  @Test("a record leaves at its slot, the frame before it has left, and chatter waits")
  func slot() throws {
    let world = try connected(seed: 15)
    world.run(200)
    world.controller {
      for number in 0..<8 {
        $0.send(.event(Event(EventKind(rawValue: UInt8(number)), reference: nil)))
      }
      $0.send(.event(Event(.busy, reference: nil)))
    }
    #expect(world.controllerCounts.dropped == 1)
    world.run(1)
    let before = world.recorded.toRegister.count
    #expect(try world.release([UInt8](repeating: 1, count: 560), after: 10))
    #expect(world.recorded.toRegister.count == before + 1)
    world.run(50)
    #expect(world.recorded.toRegister.count == before + 1, "the record needs 55 ms of the line")
    world.run(200)
    #expect(world.registerEvents.filter { if case .event = $0 { true } else { false } }.count == 8)
    #expect(world.taken.count == 1)
  }

  @Test("a record released without a session is delivered when there is one")
  func slotWithoutSession() throws {
    let world = try World(seed: 16)
    #expect(try world.release([5], after: 1) == false)
    #expect(world.run { world.taken.map(\.bytes) == [[5]] })
  }

  @Test("a message of an unknown type is answered with an error")
  func unknownType() throws {
    // {0: 15, 5: [1, 2]} would be a later version's: only the counters and answer are of interest.
    let message: [UInt8] = [0xA2, 0x00, 0x0F, 0x05, 0x82, 0x01, 0x02]
    #expect(try RegisterMessage(decoding: message.span) == .unknown(type: 15))
  }
}
