// A register and a controller on one line, in virtual time, with faults from a seed.

import Link
import Octets
import Register
import Testing

/// SplitMix64.
struct Seeded: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  mutating func happens(_ probability: Double) -> Bool {
    Double.random(in: 0..<1, using: &self) < probability
  }
}

/// Per byte, in both directions.
struct Faults: Sendable {
  var flip = 0.0
  var loss = 0.0
  var repeatedByte = 0.0
  /// Per frame.
  var repeatedFrame = 0.0
  /// Per millisecond: a byte out of nowhere.
  var noise = 0.0
}

/// Bytes under way, each with the time of its arrival.
struct Wire {
  static let byteTime = Interval.microseconds(87)  // 115200 baud
  private var underWay: [(time: Instant, byte: UInt8)] = []
  private var freeAt = Instant(nanoseconds: 0)

  mutating func send(_ frame: [UInt8], now: Instant, faults: Faults, _ random: inout Seeded) {
    for _ in 0..<(random.happens(faults.repeatedFrame) ? 2 : 1) {
      for byte in frame {
        freeAt = max(freeAt, now) + Self.byteTime
        if random.happens(faults.loss) { continue }
        let flip: UInt8 =
          random.happens(faults.flip) ? 1 << UInt8.random(in: 0...7, using: &random) : 0
        underWay.append((freeAt, byte ^ flip))
        if random.happens(faults.repeatedByte) { underWay.append((freeAt, byte ^ flip)) }
      }
    }
    if random.happens(faults.noise) {
      underWay.append((freeAt, .random(in: 0...255, using: &random)))
    }
  }

  mutating func arrivals(now: Instant) -> [UInt8] {
    let count = underWay.prefix { $0.time <= now }.count
    defer { underWay.removeFirst(count) }
    return underWay.prefix(count).map(\.byte)
  }
}

extension Bytes {
  init(_ array: [UInt8]) {
    self.init()
    try! append(array.span)
  }

  var array: [UInt8] { withBytes { span in span.indices.map { span[$0] } } }
}

func reference(_ text: String) -> Reference { Reference(Array(text.utf8).span)! }

func payment(_ text: String, amount: UInt64 = 1250) -> PaymentRequest {
  PaymentRequest(
    reference: reference(text), amount: amount, currency: 978, exponent: 2, timeoutSeconds: 60,
    methods: .magneticStripe)
}

let secretA = [UInt8](0..<32)
let secretB = [UInt8](1..<33)
// X25519 public keys of the two (the static keys of flynn/noise's vectors).
let publicA: [UInt8] = [
  0x8F, 0x40, 0xC5, 0xAD, 0xB6, 0x8F, 0x25, 0x62, 0x4A, 0xE5, 0xB2, 0x14, 0xEA, 0x76, 0x7A, 0x6E,
  0xC9, 0x4D, 0x82, 0x9D, 0x3D, 0x7B, 0x5E, 0x1A, 0xD1, 0xBA, 0x6F, 0x3E, 0x21, 0x38, 0x28, 0x5F,
]
let publicB: [UInt8] = [
  0x07, 0xA3, 0x7C, 0xBC, 0x14, 0x20, 0x93, 0xC8, 0xB7, 0x55, 0xDC, 0x1B, 0x10, 0xE8, 0x6C, 0xB4,
  0x26, 0x37, 0x4A, 0xD1, 0x6A, 0xA8, 0x53, 0xED, 0x0B, 0xDF, 0xC0, 0xB2, 0xB8, 0x6D, 0x1C, 0x7C,
]

/// Both ends and what they have seen.
final class World {
  private(set) var now = Instant(nanoseconds: 5_000_000_000)
  var random: Seeded
  var faults: Faults
  private var toController = Wire()
  private var toRegister = Wire()
  private var link: ControllerLink
  private var outbox: Outbox
  private var session: RegisterSession
  private var origin: Origin
  /// Frames as they went to the line, for whoever records them.
  private(set) var recorded: (toController: [[UInt8]], toRegister: [[UInt8]]) = ([], [])
  private(set) var controllerEvents: [ControllerEvent] = []
  private(set) var registerEvents: [RegisterEvent] = []
  /// Records as the register took them.
  private(set) var taken: [(index: UInt64, bytes: [UInt8])] = []
  private(set) var copies: [[UInt8]] = []
  private(set) var payloads: [[UInt8]] = []
  /// How payments are answered; nil to leave them.
  var answers: (PaymentRequest) -> Response? = {
    Response(to: .payment, $0.reference, isAccepted: true)
  }
  var acknowledges = true
  /// When the register's deadline was not that of its next frame.
  private(set) var untimely: [String] = []
  var givesBack = true
  var held: RecordsHeld? { session.held }

  init(seed: UInt64, faults: Faults = Faults()) throws {
    random = Seeded(state: seed)
    self.faults = faults
    origin = Origin([UInt8](repeating: 7, count: 16).span)!
    outbox = Outbox()
    link = try Self.controller(origin: origin, epoch: 1, now: now)
    session = try RegisterSession(
      secret: Key(secretA), controller: Key(publicB), held: nil, byteTime: Wire.byteTime, now: now)
  }

  private static func controller(
    origin: Origin, epoch: UInt64, now: Instant
  ) throws -> ControllerLink {
    try ControllerLink(
      secret: Key(secretB), register: Key(publicA), origin: origin, epoch: epoch,
      byteTime: Wire.byteTime, now: now)
  }

  var controllerCounts: LinkCounts { link.counts }
  var registerCounts: RegisterCounts { session.counts }
  /// What the controller's journal has, in order.
  private(set) var log: [[UInt8]] = []
  /// Whether the register has vouched for everything.
  var isDelivered: Bool { acknowledged == UInt64(log.count) }
  private var acknowledged: UInt64 = 0
  var isReconciled: Bool { link.isReconciled }
  var isDiverged: Bool { link.isDiverged }

  func register<R>(_ body: (inout RegisterSession) -> R) -> R { body(&session) }
  func controller<R>(_ body: (inout ControllerLink) throws -> R) rethrows -> R { try body(&link) }

  /// The controller loses power and comes back with the first `size` records of its log, one of
  /// which may have changed.
  func restartController(
    epoch: UInt64, size: Int, changing index: Int? = nil, origin byte: UInt8 = 7
  ) throws {
    origin = Origin([UInt8](repeating: byte, count: 16).span)!
    log = Array(log.prefix(size))
    if let index { log[index].append(0) }
    acknowledged = 0
    var tree = MerkleTree()
    for record in log { tree.append(.leaf(record.span)) }
    outbox = Outbox(tree: tree, start: MerkleTree(), oldest: 0, acknowledged: 0)
    link = try Self.controller(origin: origin, epoch: epoch, now: now)
  }

  func restartRegister(held: RecordsHeld?, secret: [UInt8] = secretA) throws {
    session = try RegisterSession(
      secret: Key(secret), controller: Key(publicB), held: held, byteTime: Wire.byteTime,
      now: now)
  }

  /// Makes a record, which the journal has at once.
  func append(_ record: [UInt8]) throws {
    try outbox.append(record.span)
    log.append(record)
    outbox.note(durable: outbox.next, acknowledged: acknowledged, oldest: 0)
  }

  /// Seals a record ahead and releases it `milliseconds` later; whether it left at its slot.
  func release(_ record: [UInt8], after milliseconds: Int) throws -> Bool {
    try append(record)
    link.prepare(outbox: outbox, now: now)
    run(milliseconds)
    var frame = WireFrame()
    guard link.release(now: now, into: &frame) else { return false }
    transmit(frame, fromController: true)
    return true
  }

  func inject(_ bytes: [UInt8], toRegister isToRegister: Bool) {
    let clean = Faults()
    if isToRegister {
      toRegister.send(bytes, now: now, faults: clean, &random)
    } else {
      toController.send(bytes, now: now, faults: clean, &random)
    }
  }

  private func transmit(_ frame: borrowing WireFrame, fromController: Bool) {
    let bytes = frame.array
    if fromController {
      recorded.toRegister.append(bytes)
      toRegister.send(bytes, now: now, faults: faults, &random)
    } else {
      recorded.toController.append(bytes)
      toController.send(bytes, now: now, faults: faults, &random)
    }
  }

  func run(_ milliseconds: Int) {
    for _ in 0..<milliseconds { tick() }
  }

  /// Runs until `condition` holds, at most `limit` milliseconds; whether it did.
  func run(until condition: () -> Bool, atMost limit: Int = 120_000) -> Bool {
    for _ in 0..<limit {
      if condition() { return true }
      tick()
    }
    return condition()
  }

  private func tick() {
    now = now + .milliseconds(1)
    controllerTick()
    registerTick()
  }

  private func fresh() -> Key {
    Key((0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })
  }

  /// Gives the template back as the payload, so that a test sees both whole.
  private func answer(_ request: CodeRequest) {
    guard request.amount > 0 else {
      return link.answer(
        Response(to: .code, request.reference, isAccepted: false, reason: .amountTooHigh))
    }
    let template = link.withMessage { message in request.template.map { message[$0] } }
    link.sendCode(request.reference, payload: template.span)
  }

  private func controllerTick() {
    let arrived = toController.arrivals(now: now)
    var offset = 0
    while let event = link.receive(arrived.span, from: &offset, now: now, outbox: &outbox) {
      controllerEvents.append(event)
      switch event {
      case .payment(let request): if let answer = answers(request) { link.answer(answer) }
      case .witness(let size, let root): judge(size, root)
      case .returned: takeBack()
      case .code(let request): answer(request)
      case .sessionStarted, .abort, .outcome, .choice, .totals, .diagnosis, .transactionStatus,
        .time, .pairing, .diverged:
        break
      }
    }
    while let index = outbox.nextMissing(in: link.wanted(end: outbox.next)) {
      let record = log[Int(index)]
      outbox.provide(index, record.span)
    }
    if link.needsEphemeral {
      var key = fresh()
      link.provideEphemeral(&key)
    }
    var frame = WireFrame()
    if link.nextOutput(now: now, outbox: &outbox, into: &frame) {
      transmit(frame, fromController: true)
    }
  }

  /// What the journal would say.
  private func judge(_ size: UInt64, _ root: Digest) {
    var tree = MerkleTree()
    for record in log.prefix(Int(size)) { tree.append(.leaf(record.span)) }
    let isSame = tree.size == size && tree.root == root
    if isSame { acknowledged = max(acknowledged, size) }
    _ = link.judged(size, isSame ? .agrees : .differs, now: now)
  }

  private func takeBack() {
    guard case .all(let range) = link.keepReturned() else { return }
    for index in range {
      let record = link.withRecovered(index) { span in span.indices.map { span[$0] } }
      try! append(record)
    }
    acknowledged = range.upperBound
    link.adopted()
  }

  private func registerTick() {
    let arrived = toRegister.arrivals(now: now)
    var offset = 0
    while let event = session.receive(arrived.span, from: &offset, now: now) {
      registerEvents.append(event)
      let bytes = session.withRecord { span in span.indices.map { span[$0] } }
      if case .record(let index) = event {
        taken.append((index, bytes))
        if acknowledges { session.acknowledge(index) }
      }
      if case .recordCopy = event { copies.append(bytes) }
      if case .response(let response) = event, response.payload != nil { payloads.append(bytes) }
      if case .recall(let index) = event, givesBack {
        let record = taken.last { $0.index == index }!.bytes
        session.sendBack(index, sealed: record.span)
      }
    }
    if session.needsEphemeral {
      var key = fresh()
      session.provideEphemeral(&key)
    }
    let deadline = session.nextDeadline(now: now)
    var frame = WireFrame()
    if session.nextOutput(now: now, into: &frame) {
      if deadline > now { untimely.append("a frame before its deadline at \(now)") }
      transmit(frame, fromController: false)
    } else if session.nextDeadline(now: now) <= now {
      untimely.append("a deadline with nothing to send at \(now)")
    }
  }
}

/// Whether the register has been told of a session.
func isUp(_ world: World) -> Bool {
  world.registerEvents.contains { if case .linkUp = $0 { true } else { false } }
}

/// A world whose ends have a session.
func connected(seed: UInt64, _ faults: Faults = Faults()) throws -> World {
  let world = try World(seed: seed, faults: faults)
  world.register { $0.tell(unixMilliseconds: 1_800_000_000_000, now: world.now) }
  #expect(world.run { isUp(world) })
  return world
}
