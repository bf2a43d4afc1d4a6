import Octets
import Testing

@testable import Link

/// A controller that is paired with several registers, of which one at a time has the session.
private final class Counter {
  private var controller: Session
  private var registers: [Int: Till] = [:]
  private var random = Seeded(state: 11)
  private var heard = MessageBytes()

  /// A register, which is not copyable, in a place of its own.
  private final class Till {
    var session: Session
    init(_ session: consuming Session) { self.session = session }
  }

  static func secret(_ number: Int) -> Key {
    Key((0..<32).map { UInt8(($0 + 40 * number) & 0xFF) })
  }

  static func point(_ number: Int) -> Key {
    var pair = KeyPair()
    pair.load(secret(number))
    return Key(pair.point.array)
  }

  init(paired: Int) throws {
    controller = try Session(role: .controller, secret: Self.secret(0), peer: Key(), now: at(0))
    for number in stride(from: 1, through: paired, by: 1) { try pair(number) }
  }

  func pair(_ number: Int) throws { try controller.pin(Self.publicKey(number)) }

  func unpair(_ number: Int) { controller.unpin(Self.publicKey(number)) }

  private static func publicKey(_ number: Int) -> PublicKey {
    point(number).withBytes { PublicKey($0)! }
  }

  /// A register starts, or starts again.
  func start(_ number: Int) throws {
    registers[number] = Till(
      try Session(role: .register, secret: Self.secret(number), peer: Self.point(0), now: at(0)))
  }

  var counts: SessionCounts { controller.counts }
  var isOpen: Bool { controller.isOpen }

  /// The frames that a register would send now.
  func says(_ number: Int, _ time: Int64) -> [UInt8]? {
    let till = registers[number]!
    var seed = Key(random.bytes(32))
    till.session.provideEphemeral(&seed)
    var frame = WireFrame()
    return till.session.nextFrame(now: at(time), into: &frame)
      ? contents(frame.array).frames[0] : nil
  }

  func hear(_ content: [UInt8], _ time: Int64) -> SessionEvent {
    var seed = Key(random.bytes(32))
    controller.provideEphemeral(&seed)
    return controller.receive(content.span, now: at(time), into: &heard)
  }

  /// What the controller answers, given to all registers; who takes it.
  func answer(_ time: Int64) -> [Int] {
    var frame = WireFrame()
    guard controller.nextFrame(now: at(time), into: &frame) else { return [] }
    let content = contents(frame.array).frames[0]
    return registers.keys.sorted().filter { number in
      let till = registers[number]!
      return till.session.receive(content.span, now: at(time), into: &heard) == .established
    }
  }

  /// A message of a register's: what becomes of it.
  func message(_ number: Int, _ time: Int64) throws -> SessionEvent {
    let till = registers[number]!
    var frame = WireFrame()
    guard try till.session.seal([1, 2, 3].span, now: at(time), into: &frame) else {
      return .nothing
    }
    return hear(contents(frame.array).frames[0], time)
  }
}

@Suite("Several registers at one controller")
struct SeveralRegistersTests {
  @Test("each may start a session; the last that proves one has it")
  func takesTurns() throws {
    let counter = try Counter(paired: 8)
    var time: Int64 = 0
    for number in 1...8 {
      try counter.start(number)
      #expect(counter.hear(try #require(counter.says(number, time)), time) == .nothing)
      #expect(counter.answer(time) == [number])
      // Until the new one has proved itself, the old one has the session.
      if number > 1 { #expect(try counter.message(number - 1, time) == .message(isFirst: false)) }
      #expect(try counter.message(number, time) == .message(isFirst: true))
      if number > 1 { #expect(try counter.message(number - 1, time) == .nothing) }
      time += 2_000
    }
    #expect(counter.counts.sessions == 8 && counter.counts.forged == 0)
    #expect(counter.counts.unknownSession == 7)
  }

  @Test("a request that is replayed does not take the session from another")
  func replay() throws {
    let counter = try Counter(paired: 2)
    try counter.start(1)
    let old = try #require(counter.says(1, 0))
    _ = counter.hear(old, 0)
    _ = counter.answer(0)
    #expect(try counter.message(1, 0) == .message(isFirst: true))
    try counter.start(2)
    _ = counter.hear(try #require(counter.says(2, 2_000)), 2_000)
    _ = counter.answer(2_000)
    #expect(try counter.message(2, 2_000) == .message(isFirst: true))
    for time in stride(from: Int64(4_000), to: 9_000, by: 500) {
      _ = counter.hear(old, time)
      _ = counter.answer(time)
      #expect(try counter.message(2, time) == .message(isFirst: false))
    }
  }

  @Test("a stranger's request is nobody's, with none or with all places taken")
  func stranger() throws {
    for paired in [0, 1, 8] {
      let counter = try Counter(paired: paired)
      try counter.start(9)
      _ = counter.hear(try #require(counter.says(9, 0)), 0)
      #expect(counter.counts.forged == 1)
    }
    let full = try Counter(paired: 8)
    #expect(throws: KeyError.tooMany) { try full.pair(9) }
    try full.pair(8)
  }

  @Test("a register that is removed has lost its session at once, the others have not")
  func unpair() throws {
    let counter = try Counter(paired: 2)
    try counter.start(1)
    _ = counter.hear(try #require(counter.says(1, 0)), 0)
    _ = counter.answer(0)
    #expect(try counter.message(1, 0) == .message(isFirst: true))
    counter.unpair(2)
    #expect(try counter.message(1, 1) == .message(isFirst: false))
    counter.unpair(1)
    #expect(!counter.isOpen)
    #expect(try counter.message(1, 2) == .nothing)
    try counter.start(1)
    _ = counter.hear(try #require(counter.says(1, 2_000)), 2_000)
    #expect(counter.counts.forged == 1)
    // Its place is free for another.
    try counter.pair(5)
    try counter.start(5)
    _ = counter.hear(try #require(counter.says(5, 4_000)), 4_000)
    #expect(counter.answer(4_000) == [5])
  }

  @Test("no forged reset, acknowledgement or downgraded hello ends a session")
  func hostileCable() throws {
    let pair = try Pair()
    try pair.connect(0)
    var random = Seeded(state: 4)
    let message = try pair.registerSeals("acknowledgement", 1)
    for round in 0..<300 {
      let time = Int64(10 + round * 50)
      // Hellos of other versions, older and newer; requests and answers made up; frames with the
      // session's number and a counter to come, sealed by nobody.
      for content in [
        [1, 0], [1, 2], [1, 255], [1], [1, 1, 0], [2] + random.bytes(48),
        [3] + Array(message[1...4]) + random.bytes(48),
        [4] + Array(message[1...4]) + [0, 0, 0, 0, 0, 0, 0, UInt8(round % 200 + 5)]
          + random.bytes(40),
      ] as [[UInt8]] {
        #expect(pair.controller(hears: content, time) == .nothing)
        #expect(pair.register(hears: content, time) == .nothing)
      }
      #expect(pair.registerSays(time) == nil, "no handshake was asked for by such a hello")
    }
    #expect(pair.controller(hears: message, 20_000) == .message(isFirst: false))
    let reply = try pair.controllerSeals("reply", 20_000)
    #expect(pair.register(hears: reply, 20_000) == .message(isFirst: false))
    #expect(pair.controllerCounts.sessions == 1 && pair.registerCounts.sessions == 1)
  }
}
