// A controller and a register that pair, and whoever sits between them.

import Octets

@testable import Link

final class PairingWorld {
  private var controllerMachine: ControllerPairing
  private var registerMachine: RegisterPairing
  private var random: Seeded
  private(set) var now: Int64 = 0
  /// What was said, oldest first.
  private(set) var said: [(fromRegister: Bool, content: [UInt8])] = []
  private(set) var controllerEvents: [PairingEvent] = []
  private(set) var registerEvents: [RegisterPairingEvent] = []
  /// The code that stands at the controller.
  private(set) var code: UInt32?
  /// What each side made durable.
  var stored: [PairedRegister] = []
  private(set) var result: (controller: [UInt8], record: [UInt8])?
  /// What the person at the register types when asked; nil: nothing yet.
  var types: (PairingWorld) -> UInt32? = { $0.code }
  /// What becomes of a frame: the contents that arrive instead.
  var line: (_ fromRegister: Bool, _ content: [UInt8]) -> [[UInt8]] = { [$1] }
  /// Whether the controller's disk takes it; nil: it has not answered yet.
  var disk: (PairedRegister) -> Bool? = { _ in true }
  private var wanted: PairedRegister?
  private var isAsked = false

  /// Milliseconds between two ticks.
  static let step = 5
  static let recordKey = [UInt8](100..<132)

  init(
    seed: UInt64 = 1, controller: [UInt8] = [UInt8](1..<33), register: [UInt8] = [UInt8](0..<32),
    name: String = "till 3"
  ) throws {
    random = Seeded(state: seed)
    controllerMachine = ControllerPairing()
    controllerMachine.load(Key(controller))
    registerMachine = try RegisterPairing(
      secret: Key(register), name: RegisterName(Array(name.utf8).span)!)
  }

  var controllerCounts: PairingCounts { controllerMachine.counts }
  var registerCounts: PairingCounts { registerMachine.counts }
  var isOpen: Bool { controllerMachine.isOpen }
  var isUnderway: Bool { registerMachine.isUnderway }

  func openWindow() { controllerMachine.open(now: at(now)) }
  func closeWindow() { if let event = controllerMachine.close() { note(event) } }
  func cancel() { registerMachine.cancel() }

  func start() -> Bool {
    seed()
    isAsked = false
    return registerMachine.start(now: at(now))
  }

  /// The register loses power: nothing of the try is left.
  func restartRegister(_ secret: [UInt8] = [UInt8](0..<32)) throws {
    registerMachine = try RegisterPairing(secret: Key(secret), name: RegisterName())
    isAsked = false
  }

  /// The controller loses power; what was stored, stays.
  func restartController() throws {
    controllerMachine = ControllerPairing()
    controllerMachine.load(Key([UInt8](1..<33)))
    code = nil
    wanted = nil
  }

  private func seed() {
    var one = Key(random.bytes(32))
    var two = Key(random.bytes(32))
    controllerMachine.provideSeed(&one)
    if registerMachine.needsSeed { registerMachine.provideSeed(&two) }
  }

  func run(_ milliseconds: Int) {
    for _ in stride(from: 0, to: milliseconds, by: Self.step) { tick() }
  }

  /// Runs until the register has an end, at most for so long.
  func pair(atMost limit: Int = 130_000) {
    for _ in stride(from: 0, to: limit, by: Self.step) {
      tick()
      if !isUnderway { break }
    }
  }

  private func tick() {
    now += Int64(Self.step)
    seed()
    if let event = controllerMachine.tick(now: at(now)) { note(event) }
    if let register = wanted, let isGood = disk(register) { settle(register, isGood) }
    if let event = registerMachine.tick(now: at(now)) { note(event) }
    if isAsked, let code = types(self) {
      isAsked = false
      _ = registerMachine.type(code, now: at(now))
    }
    var frame = WireFrame()
    if registerMachine.nextFrame(now: at(now), into: &frame) {
      carry(true, contents(frame.array).frames[0])
    }
    if controllerMachine.nextFrame(now: at(now), into: &frame) {
      carry(false, contents(frame.array).frames[0])
    }
  }

  private func settle(_ register: PairedRegister, _ isGood: Bool) {
    wanted = nil
    if isGood {
      stored.removeAll { $0.key == register.key }
      stored.append(register)
      if let event = controllerMachine.stored(recordKey: Key(Self.recordKey)) { note(event) }
    } else if let event = controllerMachine.refuseStoring(.notStored) {
      note(event)
    }
  }

  private func carry(_ fromRegister: Bool, _ content: [UInt8]) {
    said.append((fromRegister, content))
    for content in line(fromRegister, content) { deliver(fromRegister, content) }
  }

  func deliver(_ fromRegister: Bool, _ content: [UInt8]) {
    if fromRegister {
      if let event = controllerMachine.receive(content.span, now: at(now)) { note(event) }
    } else if let event = registerMachine.receive(content.span, now: at(now)) {
      note(event)
    }
  }

  private func note(_ event: PairingEvent) {
    controllerEvents.append(event)
    switch event {
    case .showCode(let code): self.code = code
    case .accepted(let register): wanted = register
    case .wrongCode, .codeExpired, .closed: code = nil
    }
  }

  private func note(_ event: RegisterPairingEvent) {
    registerEvents.append(event)
    switch event {
    case .typeCode: isAsked = true
    case .paired:
      result = registerMachine.withResult { controller, record in
        (controller.indices.map { controller[$0] }, record.indices.map { record[$0] })
      }
    case .failed: isAsked = false
    }
  }
}

/// Contents of one kind, as they were said.
extension PairingWorld {
  func all(_ type: PairingFrame) -> [[UInt8]] {
    said.map(\.content).filter { $0.first == type.rawValue }
  }
}
