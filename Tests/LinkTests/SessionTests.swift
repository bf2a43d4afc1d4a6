import Octets
import Testing

@testable import Link

/// A register's and a controller's session, and what each says as the content of its frame.
final class Pair {
  var registerSession: Session
  var controllerSession: Session
  var random = Seeded(state: 5)
  var heard = MessageBytes()

  init() throws {
    var register = KeyPair()
    var controller = KeyPair()
    register.load(Key(bytes(NoiseTests.initiatorStatic)))
    controller.load(Key(bytes(NoiseTests.responderStatic)))
    registerSession = try Session(
      role: .register, secret: Key(register.secret.array), peer: Key(controller.point.array),
      now: at(0))
    controllerSession = try Session(
      role: .controller, secret: Key(controller.secret.array), peer: Key(register.point.array),
      now: at(0))
  }

  private func feed() {
    var a = Key(random.bytes(32))
    var b = Key(random.bytes(32))
    registerSession.provideEphemeral(&a)
    controllerSession.provideEphemeral(&b)
  }

  func registerSays(_ time: Int64) -> [UInt8]? {
    feed()
    var frame = WireFrame()
    return registerSession.nextFrame(now: at(time), into: &frame)
      ? contents(frame.array).frames[0] : nil
  }

  func controllerSays(_ time: Int64) -> [UInt8]? {
    feed()
    var frame = WireFrame()
    return controllerSession.nextFrame(now: at(time), into: &frame)
      ? contents(frame.array).frames[0] : nil
  }

  func register(hears content: [UInt8], _ time: Int64) -> SessionEvent {
    registerSession.receive(content.span, now: at(time), into: &heard)
  }

  func controller(hears content: [UInt8], _ time: Int64) -> SessionEvent {
    feed()
    return controllerSession.receive(content.span, now: at(time), into: &heard)
  }

  func registerSeals(_ text: String, _ time: Int64) throws -> [UInt8] {
    var frame = WireFrame()
    let isSealed = try registerSession.seal(Array(text.utf8).span, now: at(time), into: &frame)
    #expect(isSealed)
    return contents(frame.array).frames[0]
  }

  func controllerSeals(_ text: String, _ time: Int64) throws -> [UInt8] {
    var frame = WireFrame()
    let isSealed = try controllerSession.seal(Array(text.utf8).span, now: at(time), into: &frame)
    #expect(isSealed)
    return contents(frame.array).frames[0]
  }

  func registerHasSent(_ count: UInt64) {
    for slot in 0..<2 { registerSession.channels[slot].sent = count }
  }

  var isOpen: Bool { registerSession.isOpen }
  var registerCounts: SessionCounts { registerSession.counts }
  var controllerCounts: SessionCounts { controllerSession.counts }

  var text: String { String(decoding: heard.array, as: UTF8.self) }

  /// A handshake, proven in both directions.
  func connect(_ time: Int64) throws {
    let request = try #require(registerSays(time))
    #expect(controller(hears: request, time) == .nothing)
    let answer = try #require(controllerSays(time))
    #expect(register(hears: answer, time) == .established)
    let proof = try registerSeals("time", time)
    #expect(controller(hears: proof, time) == .message(isFirst: true))
    let boot = try controllerSeals("boot", time)
    #expect(register(hears: boot, time) == .message(isFirst: true))
  }
}

@Suite("A session between register and controller")
struct SessionTests {
  @Test("a handshake leads to messages both ways")
  func connects() throws {
    let pair = try Pair()
    #expect(pair.controllerSays(0) == [1, 1])
    try pair.connect(0)
    let frame = try pair.registerSeals("hello", 1)
    #expect(pair.controller(hears: frame, 1) == .message(isFirst: false))
    #expect(pair.text == "hello")
    #expect(pair.controllerSays(5000) == nil)
  }

  @Test("a replayed frame, a changed frame and a frame of another session change counters only")
  func refuses() throws {
    let pair = try Pair()
    try pair.connect(0)
    let frame = try pair.registerSeals("pay", 1)
    #expect(pair.controller(hears: frame, 1) == .message(isFirst: false))
    #expect(pair.controller(hears: frame, 2) == .nothing)
    #expect(pair.controllerCounts.replayed == 1)
    let next = try pair.registerSeals("pay again", 3)
    for place in next.indices where place > 4 {
      var forged = next
      forged[place] ^= 1
      if place < 13 { forged[12] |= 0x40 }  // a counter that was not seen yet
      #expect(pair.controller(hears: forged, 4) == .nothing, "byte \(place)")
    }
    #expect(pair.controllerCounts.forged == UInt64(next.count - 5))
    var other = next
    other[1] ^= 1
    #expect(pair.controller(hears: other, 4) == .nothing)
    #expect(pair.controllerCounts.unknownSession == 1)
    #expect(pair.controller(hears: next, 5) == .message(isFirst: false))
    // A frame does not pass for one of the other direction.
    #expect(pair.register(hears: next, 5) == .nothing)
    #expect(pair.registerCounts.forged + pair.registerCounts.replayed == 1)
  }

  @Test("a replayed handshake request leaves the old session alone and is answered once a second")
  func replayedRequest() throws {
    let pair = try Pair()
    let request = try #require(pair.registerSays(0))
    _ = pair.controller(hears: request, 0)
    #expect(pair.register(hears: try #require(pair.controllerSays(0)), 0) == .established)
    _ = pair.controller(hears: try pair.registerSeals("1", 0), 0)
    // Of the session that is: refused outright.
    #expect(pair.controller(hears: request, 10) == .nothing)
    #expect(pair.controllerSays(10) == nil)
    #expect(pair.controllerCounts.replayed == 1)

    // Of the session before: answered, but the answer opens nothing for whoever replayed it.
    try pair.renew(at: 30 * 3600 * 1000)
    let later: Int64 = 30 * 3600 * 1000 + 5000
    var answers = 0
    for step in 0..<100 {
      #expect(pair.controller(hears: request, later + Int64(step) * 20) == .nothing)
      if pair.controllerSays(later + Int64(step) * 20) != nil { answers += 1 }
    }
    #expect(answers <= 2 * 10 + 2)
    let frame = try pair.registerSeals("alive", later + 3000)
    #expect(pair.controller(hears: frame, later + 3000) == .message(isFirst: false))
    #expect(pair.text == "alive")
  }

  @Test("a lost answer is asked for with the same request and is the same answer")
  func lostAnswer() throws {
    let pair = try Pair()
    let request = try #require(pair.registerSays(0))
    _ = pair.controller(hears: request, 0)
    let answer = pair.controllerSays(0)
    #expect(pair.registerSays(499) == nil)
    #expect(pair.registerSays(500) == request)
    _ = pair.controller(hears: request, 500)
    #expect(pair.controllerSays(500) == answer)
    #expect(pair.register(hears: answer!, 500) == .established)
    #expect(pair.register(hears: answer!, 501) == .nothing)
    #expect(pair.registerCounts.stray == 1)
  }

  @Test("a forged answer spoils nothing")
  func forgedAnswer() throws {
    let pair = try Pair()
    _ = pair.controller(hears: try #require(pair.registerSays(0)), 0)
    let answer = try #require(pair.controllerSays(0))
    for place in 5..<answer.count {
      var forged = answer
      forged[place] ^= 0x20
      #expect(pair.register(hears: forged, 0) == .nothing)
    }
    #expect(pair.registerCounts.forged == 48)
    #expect(pair.register(hears: answer, 0) == .established)
  }

  @Test("the register asks for a new handshake after a day")
  func rekeyByAge() throws {
    let pair = try Pair()
    try pair.connect(0)
    #expect(pair.registerSays(24 * 3600 * 1000 - 1) == nil)
    #expect(pair.registerSays(24 * 3600 * 1000)?.first == 2)
  }

  @Test("… and after 2^20 frames in either direction; at 2^21 the keys are not used any more")
  func rekeyByCount() throws {
    let pair = try Pair()
    try pair.connect(0)
    pair.registerHasSent((1 << 20) - 1)
    #expect(pair.registerSays(1) == nil)
    let last = try pair.registerSeals("x", 1)
    #expect(pair.registerSays(1)?.first == 2)
    #expect(pair.controller(hears: last, 1) == .message(isFirst: false))
    pair.registerHasSent((1 << 21) - 1)
    let veryLast = try pair.registerSeals("y", 1)
    #expect(pair.controller(hears: veryLast, 1) == .message(isFirst: false))
    var frame = WireFrame()
    let isSealed = try pair.registerSession.seal(Span(), now: at(1), into: &frame)
    #expect(!isSealed)
    #expect(pair.isOpen == false)
    #expect(pair.controllerSays(2) == [1, 1])
  }

  @Test("after two days without a handshake the keys are not used any more")
  func lastAge() throws {
    let pair = try Pair()
    try pair.connect(0)
    let late: Int64 = 48 * 3600 * 1000
    let frame = try pair.registerSeals("late", late - 1)
    #expect(pair.controller(hears: frame, late) == .nothing)
    #expect(pair.controllerSays(late) == [1, 1])
  }

  @Test("the old session works until the new one is proven, then it is over")
  func handover() throws {
    let pair = try Pair()
    try pair.connect(0)
    let old = try pair.registerSeals("old", 0)
    let day: Int64 = 24 * 3600 * 1000
    let request = try #require(pair.registerSays(day))
    #expect(pair.controller(hears: request, day) == .nothing)
    let answer = try #require(pair.controllerSays(day))
    #expect(pair.controller(hears: old, day) == .message(isFirst: false))
    #expect(pair.register(hears: answer, day) == .established)
    // The controller does not know yet that the register has the answer.
    let oldReply = try pair.controllerSeals("old reply", day)
    #expect(pair.register(hears: oldReply, day) == .message(isFirst: false))
    let first = try pair.registerSeals("new", day)
    #expect(pair.controller(hears: first, day) == .message(isFirst: true))
    let reply = try pair.controllerSeals("new reply", day)
    #expect(pair.register(hears: reply, day) == .message(isFirst: true))
    #expect(pair.register(hears: oldReply, day) == .nothing)
    #expect(pair.registerCounts.unknownSession == 1)
  }

  @Test("a session nobody answers under is tried again, and the old one stays")
  func unproven() throws {
    let pair = try Pair()
    try pair.connect(0)
    let day: Int64 = 24 * 3600 * 1000
    _ = pair.controller(hears: try #require(pair.registerSays(day)), day)
    #expect(pair.register(hears: try #require(pair.controllerSays(day)), day) == .established)
    #expect(pair.registerSays(day + 2999) == nil)
    #expect(pair.registerSays(day + 3000)?.first == 2)
    let old = try pair.controllerSeals("still here", day + 3000)
    #expect(pair.register(hears: old, day + 3000) == .message(isFirst: false))
  }

  @Test("a hello starts a handshake, but not more often than every two seconds")
  func hello() throws {
    let pair = try Pair()
    try pair.connect(0)
    #expect(pair.registerSays(100) == nil)
    #expect(pair.register(hears: [1, 1], 100) == .nothing)
    #expect(pair.registerSays(100)?.first == 2)
    #expect(pair.isOpen)
    for time in stride(from: Int64(101), to: 599, by: 10) {
      _ = pair.register(hears: [1, 1], time)
      #expect(pair.registerSays(time) == nil)
    }
    #expect(pair.registerCounts.tooSoon == 50)
    let old = try pair.controllerSeals("not dead", 600)
    #expect(pair.register(hears: old, 600) == .message(isFirst: false))
  }

  @Test("an ephemeral key that would name a session in use is not taken")
  func sameEphemeral() throws {
    let pair = try Pair()
    let first = pair.random
    let request = try #require(pair.registerSays(0))
    _ = pair.controller(hears: request, 0)
    #expect(pair.register(hears: try #require(pair.controllerSays(0)), 0) == .established)
    pair.random = first
    var same = Key(pair.random.bytes(32))
    pair.registerSession.provideEphemeral(&same)
    let isWanted = pair.registerSession.needsEphemeral
    #expect(isWanted)
  }

  @Test("nonsense is counted", arguments: ["00", "01", "0102", "02", "0300", "04", "05ffff", "ff"])
  func nonsense(content: String) throws {
    let pair = try Pair()
    #expect(pair.controller(hears: bytes(content), 0) == .nothing)
    #expect(pair.register(hears: bytes(content), 0) == .nothing)
    #expect(pair.controllerCounts.stray == 1)
    #expect(pair.registerCounts.stray == 1)
  }

  @Test("the replay window takes each counter once, and none that is too old")
  func window() {
    var window = ReplayWindow()
    for counter in [0, 1, 5, 3, 70, 69, 200] as [UInt64] {
      #expect(window.isFresh(counter))
      window.note(counter)
      #expect(window.isFresh(counter) == false)
    }
    #expect(!window.isFresh(5) && !window.isFresh(136) && window.isFresh(137))
    #expect(window.isFresh(201) && window.isFresh(199))
    window.note(137)
    #expect(!window.isFresh(137) && window.isFresh(138))
  }
}

extension Pair {
  /// A new handshake long after the first.
  func renew(at time: Int64) throws {
    let request = try #require(registerSays(time))
    _ = controller(hears: request, time)
    #expect(register(hears: try #require(controllerSays(time)), time) == .established)
    let proof = try registerSeals("again", time)
    #expect(controller(hears: proof, time) == .message(isFirst: true))
  }
}
