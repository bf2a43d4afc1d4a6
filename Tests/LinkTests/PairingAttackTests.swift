// Whoever holds the cable: sees, changes, keeps and invents every frame of a pairing.

import CSodium
import Octets
import Testing

@testable import Link

/// Plays the controller to the register and a register to the controller, with keys of his own.
private final class ManInTheMiddle {
  private let world: PairingWorld
  private var asController: ControllerPairing
  private var asRegister: RegisterPairing
  private var random = Seeded(state: 99)
  private var isAsked = false
  /// What it types to the real controller.
  var guess: (PairingWorld) -> UInt32? = { _ in 123_456 }
  /// What it makes of its own next frame to the register.
  var change: (ManInTheMiddle, [UInt8]) -> [UInt8] = { $1 }
  private(set) var isIn = false
  static let secret = [UInt8](200..<232)

  init(in world: PairingWorld) throws {
    self.world = world
    asController = ControllerPairing()
    asController.load(Key(Self.secret))
    asRegister = try RegisterPairing(secret: Key(Self.secret), name: RegisterName())
    asController.open(now: at(0))
    world.line = { [unowned self] fromRegister, content in
      hear(fromRegister, content)
      return []
    }
  }

  private func hear(_ fromRegister: Bool, _ content: [UInt8]) {
    if fromRegister {
      seed()
      if case .accepted? = asController.receive(content.span, now: at(world.now)) {
        _ = asController.stored(recordKey: Key([UInt8](repeating: 1, count: 32)))
      }
      // It meets the controller once the register has called.
      _ = asRegister.start(now: at(world.now))
    } else {
      switch asRegister.receive(content.span, now: at(world.now)) {
      case .typeCode: isAsked = true
      case .paired: isIn = true
      case .failed, nil: break
      }
    }
  }

  private func seed() {
    var one = Key(random.bytes(32))
    var two = Key(random.bytes(32))
    asController.provideSeed(&one)
    asRegister.provideSeed(&two)
  }

  func run(_ milliseconds: Int) {
    for _ in stride(from: 0, to: milliseconds, by: PairingWorld.step) {
      world.run(1)
      _ = asController.tick(now: at(world.now))
      if isAsked, let code = guess(world) {
        isAsked = false
        _ = asRegister.type(code, now: at(world.now))
      }
      var frame = WireFrame()
      if asController.nextFrame(now: at(world.now), into: &frame) {
        world.deliver(false, change(self, contents(frame.array).frames[0]))
      }
      if asRegister.nextFrame(now: at(world.now), into: &frame) {
        world.deliver(true, contents(frame.array).frames[0])
      }
    }
  }
}

@Suite("A pairing with somebody on the cable")
struct PairingAttackTests {
  @Test("lets nobody in who does not know the code", arguments: 1...20 as ClosedRange<UInt64>)
  func guessing(seed: UInt64) throws {
    let world = try PairingWorld(seed: seed)
    let man = try ManInTheMiddle(in: world)
    man.guess = { $0.code.map { ($0 + UInt32(seed)) % 1_000_000 } }
    world.openWindow()
    #expect(world.start())
    man.run(20_000)
    #expect(!man.isIn && world.stored.isEmpty && world.result == nil)
    // One try of the controller's is gone, and the register has seen that something is wrong.
    #expect(world.controllerCounts.wrongCodes == 1)
    #expect(world.registerEvents.first == .typeCode)
    #expect(
      world.registerEvents.last == .failed(.refused(.wrongCode))
        || world.registerEvents.last == .failed(.notTheController))
  }

  @Test("does not make him the register's controller even if he sees the code and grinds for it")
  func grinder() throws {
    let world = try PairingWorld(seed: 7)
    let man = try GrindingMan(in: world)
    world.openWindow()
    #expect(world.start())
    man.run(5_000)
    // He could find a secret that gives the code on the display: that alone would have let him in.
    #expect(man.tries > 0 && man.found != nil)
    #expect(man.knewTheCode)
    #expect(world.registerEvents == [.typeCode, .failed(.notTheController)])
    #expect(world.result == nil)
  }

  @Test(
    "gives him nothing from an earlier pairing", arguments: [0x10, 0x12, 0x14, 0x16] as [UInt8])
  func replay(type: UInt8) throws {
    let world = try PairingWorld()
    world.openWindow()
    #expect(world.start())
    world.pair()
    let old = world.said.filter(\.fromRegister).map(\.content)
    world.stored = []
    world.run(2_000)
    world.openWindow()
    world.run(10)
    // All of it in order, and each frame when it may come.
    for content in old where content[0] <= type {
      world.deliver(true, content)
      world.run(5)
    }
    #expect(world.code == nil && world.stored.isEmpty)
    #expect(world.isOpen)
    world.run(1_000)
    #expect(world.start())
    world.pair()
    #expect(world.registerEvents.last == .paired)
  }

  @Test("goes on under forged refusals, cancellations and calls")
  func forgedResets() throws {
    let world = try PairingWorld()
    world.types = { _ in nil }
    world.openWindow()
    #expect(world.start())
    world.run(100)
    let session = world.all(.introduce)[0][1...4]
    var random = Seeded(state: 3)
    for round in 0..<200 {
      for type in 0x10...0x1A as ClosedRange<UInt8> {
        let content = [type] + session + random.bytes(round % 130)
        world.deliver(true, content)
        world.deliver(false, content)
      }
      world.deliver(true, [0x10] + random.bytes(32))
      world.run(1)
    }
    #expect(world.isOpen && world.isUnderway && world.code != nil)
    world.types = { $0.code }
    world.pair()
    #expect(world.registerEvents == [.typeCode, .paired])
    #expect(world.controllerCounts.forged > 100 && world.registerCounts.forged > 100)
  }

  @Test("and a second register that calls meanwhile pairs the first, and the second in its turn")
  func racing() throws {
    let race = try Race()
    race.world.openWindow()
    #expect(race.world.start())
    race.run(100)
    race.startSecond()
    race.run(3_000)
    race.isTyping = true
    race.run(3_000)
    #expect(race.world.registerEvents == [.typeCode, .paired])
    #expect(race.world.stored.count == 1 && !race.world.isOpen && race.events.isEmpty)
    race.world.openWindow()
    race.run(20_000)
    #expect(race.events == [.typeCode, .paired])
    #expect(race.world.stored.count == 2)
  }

  @Test(
    "and a second register that calls in the same moment pairs one of them in a window",
    arguments: [0, 5, 10, 15, 500, 995, 1_000, 1_005, 1_500])
  func tie(later: Int) throws {
    let race = try Race()
    // A line on which every other frame of the controller's is lost at first: calls cross.
    var heard = 0
    let line = race.world.line
    race.world.line = { fromRegister, content in
      if !fromRegister { heard += 1 }
      return fromRegister || heard > 6 || heard % 2 == 0 ? line(fromRegister, content) : []
    }
    race.isTyping = true
    race.world.openWindow()
    #expect(race.world.start())
    race.run(later)
    race.startSecond()
    for window in 1...2 {
      race.run(30_000)
      #expect(race.world.stored.count == window)
      let ends = [race.world.registerEvents.last == .paired, race.events.last == .paired]
      #expect(ends.filter { $0 }.count == window)
      #expect(!race.world.isOpen)
      race.world.openWindow()
    }
    #expect(race.world.stored[0].name != race.world.stored[1].name)
  }
}

/// Two registers at one line, and a person at each who types the code that stands when asked.
private final class Race {
  let world: PairingWorld
  private var second: RegisterPairing
  private var isAsked = false
  private(set) var events: [RegisterPairingEvent] = []
  var isTyping = false

  init() throws {
    world = try PairingWorld()
    second = try RegisterPairing(
      secret: Key([UInt8](50..<82)), name: RegisterName(Array("till 4".utf8).span)!)
    world.types = { [unowned self] world in isTyping ? world.code : nil }
    world.line = { [unowned self] fromRegister, content in
      if !fromRegister, let event = second.receive(content.span, now: at(world.now)) {
        events.append(event)
        isAsked = event == .typeCode
      }
      return [content]
    }
  }

  func startSecond() {
    var seed = Key([UInt8](150..<182))
    second.provideSeed(&seed)
    let isStarted = second.start(now: at(world.now))
    #expect(isStarted)
  }

  func run(_ milliseconds: Int) {
    for _ in stride(from: 0, to: milliseconds, by: PairingWorld.step) {
      world.run(1)
      if isAsked, isTyping, let code = world.code {
        isAsked = false
        _ = second.type(code, now: at(world.now))
      }
      var frame = WireFrame()
      if second.nextFrame(now: at(world.now), into: &frame) {
        world.deliver(true, contents(frame.array).frames[0])
      }
    }
  }
}

/// Knows the code, as if he looked over a shoulder, and looks for a secret that gives it.
private final class GrindingMan {
  private let world: PairingWorld
  private var handshake = PairingHandshake()
  private var own = KeyPair()
  private var ephemeral = KeyPair()
  private var channel = PairingChannel()
  private var exchange = CPace()
  private var challenge: [UInt8] = []
  private var session: [UInt8] = []
  private let register: ManInTheMiddle
  private(set) var tries = 0
  private(set) var found: [UInt8]?
  private(set) var knewTheCode = false
  private var code: UInt32?

  init(in world: PairingWorld) throws {
    self.world = world
    own.load(Key(ManInTheMiddle.secret))
    ephemeral.load(Key([UInt8](210..<242)))
    // His other half pairs with the controller, so that a code is shown.
    register = try ManInTheMiddle(in: world)
    let toController = world.line
    world.line = { [unowned self] fromRegister, content in
      if fromRegister { hear(content) }
      return toController(fromRegister, content)
    }
    register.change = { _, _ in [0] }
    register.guess = { _ in nil }
  }

  /// Frames to the register, made here.
  private var answer: [[UInt8]] = []

  func run(_ milliseconds: Int) {
    for _ in stride(from: 0, to: milliseconds, by: PairingWorld.step) {
      register.run(1)
      if code == nil, let shown = world.code, !challenge.isEmpty {
        code = shown
        grind(for: shown)
        share(shown)
      }
      while !answer.isEmpty { world.deliver(false, answer.removeFirst()) }
    }
  }

  private func hear(_ content: [UInt8]) {
    switch content[0] {
    case PairingFrame.ask.rawValue:
      session = Array(content[1...4])
      var said = PairingContent([PairingFrame.greet.rawValue] + session)
      // He commits to something: he does not know yet to what.
      var commitment = Key()
      Pairing.commit(to: Key([UInt8](repeating: 9, count: 32)), into: &commitment)
      let (theirs, committed) = (Array(content[1...]), commitment.array)
      _ = try! handshake.answer(
        theirs.span, own: own, ephemeral: ephemeral, payload: committed.span, into: &said)
      answer.append(said.array)
    case PairingFrame.introduce.rawValue:
      var payload = Bytes<48>()
      let message = Array(content[5...])
      let isRead = handshake.readIntroduction(
        message.span, ephemeral: ephemeral, payload: &payload)
      precondition(isRead)
      challenge = Array(payload.array.prefix(32))
      channel.begin(&handshake, role: .controller)
    case PairingFrame.prove.rawValue: prove(content)
    default: break
    }
  }

  /// SHA-256 until the first eight bytes give the code.
  private func grind(for code: UInt32) {
    var text = Array("tillgate pairing code".utf8) + channel.hash.array
    let place = text.count
    text += [UInt8](repeating: 0, count: 32) + challenge
    var digest = [UInt8](repeating: 0, count: 32)
    text.withUnsafeMutableBufferPointer { text in
      digest.withUnsafeMutableBufferPointer { digest in
        while tries < 20_000_000 {
          tries += 1
          text[place] = UInt8(truncatingIfNeeded: tries)
          text[place + 1] = UInt8(truncatingIfNeeded: tries >> 8)
          text[place + 2] = UInt8(truncatingIfNeeded: tries >> 16)
          text[place + 3] = UInt8(truncatingIfNeeded: tries >> 24)
          _ = crypto_hash_sha256(digest.baseAddress, text.baseAddress, UInt64(text.count))
          var number: UInt64 = 0
          for index in 0..<8 { number = number << 8 | UInt64(digest[index]) }
          if number % 1_000_000 == UInt64(code) {
            found = Array(text[place..<(place + 32)])
            return
          }
        }
      }
    }
  }

  private func share(_ code: UInt32) {
    let isMade = Pairing.withDigits(of: code) { digits in
      channel.hash.withBytes {
        exchange.start(
          code: digits, terms: Pairing.terms, session: $0, random: Key([UInt8](7..<39)))
      }
    }
    precondition(isMade)
    var said = PairingContent()
    let share = exchange.share.array
    channel.seal(.share, session: bigEndian, share.span, into: &said)
    answer.append(said.array)
  }

  private func prove(_ content: [UInt8]) {
    var body = Bytes<96>()
    precondition(channel.open(content.span, .prove, into: &body))
    let share = Key(Array(body.array.prefix(32)))
    let isShare = channel.hash.withBytes {
      exchange.finish(isInitiator: true, peer: share, terms: Pairing.terms, session: $0)
    }
    precondition(isShare)
    var tag = LongDigest()
    exchange.tag(share, Pairing.terms.responder, into: &tag)
    knewTheCode = tag.array == Array(body.array.suffix(64))
    exchange.tag(exchange.share, Pairing.terms.initiator, into: &tag)
    var said = PairingContent()
    let reveal = tag.array + found!
    channel.seal(.reveal, session: bigEndian, reveal.span, into: &said)
    answer.append(said.array)
  }

  private var bigEndian: UInt32 { session.reduce(0) { $0 << 8 | UInt32($1) } }
}
