// A kiosk in virtual time: the product's loop on a virtual board and the product's register session
// at the other end of the line, one millisecond after the other.

import Controller
import Identity
import Link
import Magstripe
import Octets
import Register
import Vault

/// What a kiosk is built from.
public struct KioskOptions: Sendable {
  /// Nil: a board on which no keys were loaded.
  public var keys: KeyAlgorithm? = .tdes
  public var head = StripeSettings.Kind.f2f
  public var release = Interval.milliseconds(10)
  /// Ten bit times at 115,200 bit/s.
  public var byteTime = Interval(nanoseconds: 86_806)
  /// A contactless reader, if the kiosk has one.
  public var taps: TapSettings?

  public init() {}
}

/// Both machines and the millisecond they are at. About 150 KiB, half of it on the heap.
public struct SimulatedKiosk: ~Copyable {
  public static let tick = Interval.milliseconds(1)

  private let world: UnsafeMutablePointer<Surroundings>
  private var loop: Loop<VirtualBoard>
  public var register: RegisterSession
  private let byteTime: Interval
  private var recordKey: RecordKey
  /// The register's own randomness, and what tells how it goes wrong.
  private var random: SeededRandom
  private var stalledUntil = Instant(nanoseconds: 0)
  /// What the line brought the register in this millisecond.
  public private(set) var received = Bytes<512>()
  private var taken = 0
  /// What the register has stored: it survives a restart.
  public private(set) var held: RecordsHeld?
  /// Whether records are acknowledged, as they should be.
  public var acknowledges = true
  /// The sealed bytes of the last `record` or `recordCopy` event.
  public private(set) var sealed = SealedRecord()

  public init(seed: UInt64, options: KioskOptions = KioskOptions(), faults: Faults = Faults()) {
    var random = SeededRandom(seed: seed)
    let now = Instant(nanoseconds: 5_000_000_000)
    let world = UnsafeMutablePointer<Surroundings>.allocate(capacity: 1)
    world.initialize(
      to: Surroundings(
        seed: random.next(), keys: options.keys, byteTime: options.byteTime, now: now))
    world.pointee.faults = faults
    if options.taps != nil { world.pointee.chip = VirtualPN532() }
    self.world = world
    byteTime = options.byteTime
    loop = Self.makeLoop(world, options, now: now)
    recordKey = Self.makeRecordKey()
    register = Self.makeRegister(held: nil, byteTime: options.byteTime, now: now)
    self.random = random
    register.tell(unixMilliseconds: 1_700_000_000_000, now: now)
  }

  deinit {
    world.deinitialize(count: 1)
    world.deallocate()
  }

  public var surroundings: Surroundings {
    _read { yield world.pointee }
    nonmutating _modify { yield &world.pointee }
  }

  public var now: Instant { world.pointee.now }
  public var linkCounts: LinkCounts { loop.linkCounts }

  // MARK: Time

  /// Goes on by one millisecond. What the register hears then comes from `nextEvent`, to be
  /// called until there is nothing more.
  public mutating func tick() {
    sendFromRegister()
    world.pointee.now = world.pointee.now + Self.tick
    misfortune()
    if now >= stalledUntil { loop.tick(now: now) }
    received.removeAll()
    taken = 0
    while received.room > 0, let byte = world.pointee.toRegister.receive(now: now) {
      do { try received.append(byte) } catch { break }
    }
  }

  /// The loop does not run for so long; then it goes on, late.
  public mutating func stall(for duration: Interval) { stalledUntil = now + duration }

  private mutating func misfortune() {
    let faults = world.pointee.faults
    if random.chance(faults.stalls) { stall(for: .milliseconds(Int64(1 + random.below(40)))) }
    if random.chance(faults.captureStalls) {
      world.pointee.holdCapture(for: .milliseconds(Int64(1 + random.below(30))))
    }
  }

  // MARK: The register

  /// The next thing the register hears in this millisecond. Records are stored and acknowledged.
  public mutating func nextEvent() -> RegisterEvent? {
    let now = self.now
    let event = received.withBytes { register.receive($0, from: &taken, now: now) }
    switch event {
    case .linkUp(let info, _):
      if held?.origin != info.origin { held = RecordsHeld(origin: info.origin, size: info.first) }
    case .record(let index):
      keepRecord()
      guard acknowledges else { break }
      register.acknowledge(index)
      held?.size = index + 1
    case .recordCopy: keepRecord()
    default: break
    }
    return event
  }

  private mutating func keepRecord() {
    sealed.removeAll()
    do {
      try register.withRecord { (bytes) throws(Overflow) in try sealed.append(bytes) }
    } catch { preconditionFailure("the link takes no longer records") }
  }

  private mutating func sendFromRegister() {
    if register.needsEphemeral {
      var key = Link.Key()
      key.fill(&random)
      register.provideEphemeral(&key)
    }
    var frame = WireFrame()
    guard register.nextOutput(now: now, into: &frame) else { return }
    frame.withBytes { world.pointee.sendToController($0) }
  }

  /// The register's program ends and starts again with what it had stored.
  public mutating func restartRegister() {
    register = Self.makeRegister(held: held, byteTime: byteTime, now: now)
    register.tell(unixMilliseconds: 1_700_000_000_000 &+ now.nanoseconds / 1_000_000, now: now)
    received.removeAll()
    taken = 0
  }

  /// Opens the record that the register heard of last.
  public func openRecord() throws(SealError) -> Record {
    try sealed.withBytes { (bytes) throws(SealError) in
      try Record(opening: bytes, with: recordKey)
    }
  }
}

// MARK: The parts

extension SimulatedKiosk {
  private static func makeLoop(
    _ world: UnsafeMutablePointer<Surroundings>, _ options: KioskOptions, now: Instant
  ) -> Loop<VirtualBoard> {
    let name = InlineArray<16, UInt8>(repeating: 7)
    guard let origin = Origin(name.span) else { preconditionFailure("16 bytes") }
    var token = TokenKey()
    world.pointee.copyTokenKey(into: &token)
    var terminal = Terminal(
      origin: origin, epoch: 1, masking: .widest, tokenKey: token, recordKey: makeRecordKey())
    do throws(Overflow) {
      try terminal.device.append(bigEndian: UInt64(1))
      try terminal.firmware.append("simulated")
    } catch { preconditionFailure("8 and 9 bytes") }
    return Loop(
      board: VirtualBoard(world), timing: LoopTiming(tick: tick, release: options.release),
      terminal: terminal, clock: WallClock(unixMilliseconds: 0, at: now),
      head: StripeSettings(kind: options.head), taps: options.taps,
      link: makeLink(origin, options, now: now))
  }

  private static func makeLink(
    _ origin: Origin, _ options: KioskOptions, now: Instant
  ) -> ControllerLink {
    let peer = PairedKeys.registerPublic
    do {
      return try ControllerLink(
        secret: PairedKeys.secret(first: 1), register: PairedKeys.key(peer.span), origin: origin,
        epoch: 1, first: 0, byteTime: options.byteTime, now: now)
    } catch { preconditionFailure("a good key") }
  }

  private static func makeRegister(
    held: RecordsHeld?, byteTime: Interval, now: Instant
  ) -> RegisterSession {
    let peer = PairedKeys.controllerPublic
    do {
      return try RegisterSession(
        secret: PairedKeys.secret(first: 0), controller: PairedKeys.key(peer.span), held: held,
        byteTime: byteTime, now: now)
    } catch { preconditionFailure("a good key") }
  }

  private static func makeRecordKey() -> RecordKey {
    let key = InlineArray<32, UInt8>(repeating: 0xC5)
    let identifier = InlineArray<8, UInt8>(repeating: 0x11)
    do { return try RecordKey(key.span, identifier: identifier.span) } catch {
      preconditionFailure("32 and 8 bytes")
    }
  }
}

/// The static keys of flynn/noise's test vectors: secrets that count up from 0 and from 1, and
/// their X25519 points.
enum PairedKeys {
  static func secret(first: UInt8) -> Link.Key {
    var bytes = InlineArray<32, UInt8>(repeating: 0)
    for index in 0..<32 { bytes[index] = first + UInt8(index) }
    return key(bytes.span)
  }

  static func key(_ bytes: Span<UInt8>) -> Link.Key {
    var key = Link.Key()
    do { try key.append(bytes) } catch { preconditionFailure("32 bytes") }
    return key
  }

  static var registerPublic: InlineArray<32, UInt8> {
    [
      0x8F, 0x40, 0xC5, 0xAD, 0xB6, 0x8F, 0x25, 0x62, 0x4A, 0xE5, 0xB2, 0x14, 0xEA, 0x76, 0x7A,
      0x6E, 0xC9, 0x4D, 0x82, 0x9D, 0x3D, 0x7B, 0x5E, 0x1A, 0xD1, 0xBA, 0x6F, 0x3E, 0x21, 0x38,
      0x28, 0x5F,
    ]
  }

  static var controllerPublic: InlineArray<32, UInt8> {
    [
      0x07, 0xA3, 0x7C, 0xBC, 0x14, 0x20, 0x93, 0xC8, 0xB7, 0x55, 0xDC, 0x1B, 0x10, 0xE8, 0x6C,
      0xB4, 0x26, 0x37, 0x4A, 0xD1, 0x6A, 0xA8, 0x53, 0xED, 0x0B, 0xDF, 0xC0, 0xB2, 0xB8, 0x6D,
      0x1C, 0x7C,
    ]
  }
}
