import Octets
import Testing

@testable import Link

/// A controller's second line and a register on it.
private final class Watching {
  private var link: WatchLink
  private var register: Session
  private var pairing = ControllerPairing()
  var outbox = Outbox()
  private var random = Seeded(state: 5)
  private var heard = MessageBytes()
  private(set) var said: [ControllerMessageKind] = []
  private var decoder = RepairingDecoder()
  /// The last frame that the controller sent.
  private(set) var lastFrame: [UInt8] = []
  private(set) var time: Int64 = 0
  static let origin = Origin([UInt8](repeating: 7, count: 16).span)!

  init() throws {
    var point = KeyPair()
    point.load(Key([UInt8](0..<32)))
    link = try WatchLink(
      secret: Key([UInt8](1..<33)), origin: Self.origin, byteTime: .microseconds(87), now: at(0))
    try link.pin(point.point.withBytes { PublicKey($0)! })
    point.load(Key([UInt8](1..<33)))
    register = try Session(
      role: .register, secret: Key([UInt8](0..<32)), peer: point.point, now: at(0))
  }

  var counts: LinkCounts { link.counts }
  func send(_ message: ControllerMessage) { link.send(message) }

  /// Until the controller has heard the register's first message, and no hello that crossed the
  /// handshake makes for another.
  func connect(takesParity: Bool = false) throws -> [WatchEvent] {
    var events: [WatchEvent] = []
    for _ in 0..<20 {
      events += run(milliseconds: 500)
      guard register.isOpen else { continue }
      let time = RegisterMessage.time(unixMilliseconds: 0, takesParity: takesParity)
      events += try says(MessageTests.encoded(time))
      // Anything: it proves the session to the register.
      send(.event(Event(.busy, reference: nil)))
    }
    _ = run()
    said = []
    return events
  }

  /// The register says something; what it means to the controller.
  func says(_ message: [UInt8]) throws -> [WatchEvent] {
    var frame = WireFrame()
    guard try register.seal(message.span, now: at(time), into: &frame) else { return [] }
    return hear(frame.array) + run()
  }

  /// One byte at a time, as a line delivers them.
  func hear(_ bytes: [UInt8]) -> [WatchEvent] {
    var events: [WatchEvent] = []
    for byte in bytes {
      let one = [byte]
      var offset = 0
      while let event = link.receive(
        one.span, from: &offset, now: at(time), end: outbox.next, pairing: &pairing)
      {
        events.append(event)
      }
    }
    return events
  }

  /// A while, with what both have to say.
  func run(milliseconds: Int64 = 200, end: UInt64? = nil) -> [WatchEvent] {
    var events: [WatchEvent] = []
    for _ in 0..<milliseconds / 10 {
      time += 10
      var seed = Key(random.bytes(32))
      link.provideEphemeral(&seed)
      seed = Key(random.bytes(32))
      register.provideEphemeral(&seed)
      var frame = WireFrame()
      if register.nextFrame(now: at(time), into: &frame) { events += hear(frame.array) }
      let isDue = link.nextOutput(
        now: at(time), outbox: outbox, end: end ?? outbox.next, pairing: &pairing, into: &frame)
      guard isDue else { continue }
      lastFrame = frame.array
      for byte in lastFrame where decoder.feed(byte) {
        let content = decoder.withContent { span in span.indices.map { span[$0] } }
        guard case .message = register.receive(content.span, now: at(time), into: &heard) else {
          continue
        }
        said.append(ControllerMessageKind(heard.array))
      }
    }
    return events
  }
}

/// What a message says, in short.
private struct ControllerMessageKind: Equatable, CustomStringConvertible {
  let description: String
  init(_ bytes: [UInt8]) {
    do {
      switch try ControllerMessage(decoding: bytes.span) {
      case .response(let response):
        description = "\(response.request) \(response.isAccepted) \(response.reason.rawValue)"
      case .error(let error): description = "error \(error.type) \(error.reason.rawValue)"
      case .record(let record): description = "record \(record.index)"
      case .event: description = "event"
      default: description = "other"
      }
    } catch { description = "\(error)" }
  }
}

@Suite("A register that only watches")
struct WatchLinkTests {
  @Test("gets records with parity if it takes them so, and else without", arguments: [true, false])
  func parity(takesParity: Bool) throws {
    let watching = try Watching()
    _ = try watching.connect(takesParity: takesParity)
    try watching.outbox.append([UInt8](repeating: 9, count: 415).span)
    _ = watching.run()
    #expect(watching.said.map(\.description) == ["record 0"])
    #expect(contents(watching.lastFrame).frames.isEmpty == takesParity)
    #expect(watching.lastFrame.count == (takesParity ? 479 + 18 : 479))
  }

  @Test("is told events in their order, and each record once, from its session on")
  func tells() throws {
    let watching = try Watching()
    try watching.outbox.append([1, 2, 3].span)
    let events = try watching.connect()
    #expect(events.first == .sessionStarted && events.last == .time)
    watching.send(.event(Event(.captured, reference: nil)))
    try watching.outbox.append([4].span)
    try watching.outbox.append([5].span)
    // The second still waits for its slot.
    _ = watching.run(end: 2)
    _ = watching.run(milliseconds: 20_000, end: 2)
    #expect(watching.said.map(\.description) == ["record 1", "event"])
    // What is not in memory any more when this line has time for it is passed over.
    for byte in 0..<17 as Range<UInt8> {
      try watching.outbox.append([byte].span)
      watching.outbox.note(durable: watching.outbox.next, acknowledged: 0, oldest: 0)
    }
    _ = watching.run(milliseconds: 2_000)
    let records = (4..<20).map { "record \($0)" }
    #expect(watching.said.map(\.description) == ["record 1", "event"] + records)
    #expect(watching.counts.dropped == 2)
  }

  @Test("may ask how things are, and is refused everything else by name")
  func refuses() throws {
    let watching = try Watching()
    _ = try watching.connect()
    let closing = TotalsRequest(closing: PeriodName(epoch: 7, number: 2))
    for (message, events) in [
      (.diagnosis, [.diagnosis]), (.totals(TotalsRequest()), [.totals]),
      (.time(unixMilliseconds: 1_800_000_000_000), [.time]), (.payment(testPayment), []),
      (.payment(testTab), []), (.payment(testReversal), []), (.abort(testReference), []),
      (.outcome(testOutcome), []), (.choice(Choice(testReference, tip: 150)), []),
      (.totals(closing), []), (.transactionStatus(testReference), []),
      (MessageTests.fromRegister[5], []),
    ] as [(RegisterMessage, [WatchEvent])] {
      let told = try watching.says(MessageTests.encoded(message))
      #expect(told == events, "\(message)")
    }
    #expect(try watching.says([0xA1, 0x00, 0x0F]) == [])
    #expect(try watching.says([0xFF]) == [])
    #expect(
      watching.said.map(\.description) == [
        "payment false 107", "payment false 107", "payment false 107", "abort false 107",
        "outcome false 107", "choice false 107", "error 8 107", "error 3 107", "error 15 154",
        "error 0 154",
      ])
  }

  @Test("does not disturb a pairing on the other line, nor take its answers")
  func pairingLines() throws {
    let random = [UInt8](100..<132)
    var controller = ControllerPairing()
    controller.load(Key([UInt8](1..<33)))
    var seed = Key(random)
    var register = try RegisterPairing(secret: Key([UInt8](0..<32)), name: RegisterName())
    register.provideSeed(&seed)
    controller.open(now: at(0))
    seed = Key(random.reversed())
    controller.provideSeed(&seed)
    let isStarted = register.start(now: at(0))
    #expect(isStarted)
    var frame = WireFrame()
    var time: Int64 = 0
    var code: UInt32?
    var isPaired = false
    for _ in 0..<4 {
      time += 100
      guard register.nextFrame(now: at(time), into: &frame) else { break }
      let said = contents(frame.array).frames[0]
      if let event = controller.receive(said.span, from: .watcher, now: at(time)) {
        if case .showCode(let shown) = event { code = shown }
        if case .accepted = event { _ = controller.stored(recordKey: Key(random)) }
      }
      // The same frame on the other line, before and after its answer, changes nothing.
      if said[0] != PairingFrame.ask.rawValue {
        let echo = controller.receive(said.span, from: .register, now: at(time))
        #expect(echo == nil)
      }
      let isElsewhere = controller.nextFrame(now: at(time), on: .register, into: &frame)
      let isHere = controller.nextFrame(now: at(time), on: .watcher, into: &frame)
      #expect(!isElsewhere && isHere)
      let answer = contents(frame.array).frames[0]
      let event = register.receive(answer.span, now: at(time))
      if event == .typeCode { _ = register.type(code!, now: at(time)) }
      isPaired = event == .paired
    }
    #expect(isPaired)
    #expect(controller.counts.stray >= 3)
  }
}
