// A kiosk in virtual time: the product's loop on a virtual board and the product's register session
// at the other end of the line, one millisecond after the other.

import Controller
import Identity
import Journal
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
  /// A bug to be planted.
  public var canary: Canary?
  /// Scanner and customer display.
  public var attachments = Attachments.none

  public init() {}
}

/// Both machines and the millisecond they are at. About 150 KiB, half of it on the heap.
public struct SimulatedKiosk: ~Copyable {
  public static let tick = Interval.milliseconds(1)
  /// Milliseconds in one step of a world in which nothing moves.
  private static let longStep = 16

  private let world: UnsafeMutablePointer<Surroundings>
  private var loop: Loop<VirtualBoard>
  private var machine: RegisterMachine
  private let options: KioskOptions
  private let recordKey: RecordKey
  /// The register's own randomness, and what tells how things go wrong.
  private var random: SeededRandom
  private var stalledUntil = Instant(nanoseconds: 0)
  /// Milliseconds that the last step took.
  private(set) var lastStep = 1.0
  private var quietFrom = Instant(nanoseconds: 0)
  /// When the controller starts again; nil while it runs.
  private var startsAt: Instant?
  /// When the reader's power or cable is put back.
  private var readerReturns: Instant?
  private var controllerOutage = Outage.killed
  private var registerOutage = Outage.killed
  /// By how much the register's clock is wrong, in milliseconds.
  private var clockError: Int64 = 0
  /// How often the controller went down.
  public private(set) var controllerOutages = 0
  /// Whether the loop used the disk.
  public private(set) var hasBlocked = false
  private var epoch: UInt32 = 0
  /// Whether two starts of the controller had one number, and so the same nonces.
  public private(set) var hasRepeatedEpoch = false

  public init(seed: UInt64, options: KioskOptions = KioskOptions(), faults: Faults = Faults()) {
    var random = SeededRandom(seed: seed)
    let now = Instant(nanoseconds: 5_000_000_000)
    let world = UnsafeMutablePointer<Surroundings>.allocate(capacity: 1)
    world.initialize(to: Surroundings(seed: random.next(), options, now: now))
    let start: (epoch: UInt32, origin: Origin)
    do throws(DiskError) {
      start = try world.pointee.startController(newOrigin: Self.drawOrigin(&random))
    } catch { preconditionFailure("a new disk has no faults yet") }
    if options.taps != nil { world.pointee.chip = VirtualPN532() }
    self.world = world
    self.options = options
    loop = Self.makeLoop(world, options, start.origin, epoch: start.epoch, now: now)
    recordKey = Self.makeRecordKey()
    machine = RegisterMachine(
      seed: random.next(), byteTime: options.byteTime, canary: options.canary, now: now)
    self.random = random
    epoch = start.epoch
    machine.session.tell(unixMilliseconds: unixMilliseconds, now: now)
    set(faults)
  }

  deinit {
    world.deinitialize(count: 1)
    world.deallocate()
  }

  /// What goes wrong from now on.
  public mutating func set(_ faults: Faults) {
    world.pointee.faults = faults
    var disk = faults.controllerDisk
    if options.canary == .fileNotSynced { disk.ignoresSync = true }
    if options.canary == .directoryNotSynced { disk.ignoresDirectorySync = true }
    world.pointee.disk.set(disk)
    machine.disk.set(faults.registerDisk)
    world.pointee.chip?.faults = faults.chip
  }

  public var surroundings: Surroundings {
    _read { yield world.pointee }
    nonmutating _modify { yield &world.pointee }
  }

  public var now: Instant { world.pointee.now }
  /// What the journal would have after a power cut; nil while the controller is down.
  var log: LogState? { world.pointee.log }
  public var linkCounts: LinkCounts { loop.linkCounts }
  public var isControllerUp: Bool { startsAt == nil }

  private var unixMilliseconds: UInt64 {
    1_700_000_000_000 &+ now.nanoseconds / 1_000_000 &+ UInt64(bitPattern: clockError)
  }

  // MARK: Time

  /// Goes on by one millisecond. What the register hears then comes from `nextEvent`, to be
  /// called until there is nothing more.
  public mutating func tick() { advance(by: 1) }

  /// Goes on by a millisecond, or by more when nothing moves: no byte is under way, no card near
  /// the head, no record waits for its slot. To the machines that is a tick that came late.
  public mutating func advance() {
    let isQuiet = now >= quietFrom && loop.due == nil && world.pointee.isQuiet(for: Self.longStep)
    advance(by: isQuiet ? Self.longStep : 1)
    if !isQuiet, !world.pointee.isQuiet(for: Self.longStep) {
      quietFrom = now + .milliseconds(Int64(Self.longStep))
    }
  }

  private mutating func advance(by milliseconds: Int) {
    lastStep = Double(milliseconds)
    runRegister()
    world.pointee.now = now + .milliseconds(Int64(milliseconds))
    misfortune(in: lastStep)
    runController()
    machine.clear()
    guard !machine.isDown else { return world.pointee.toRegister.drop(arrivedBy: now) }
    guard machine.isReading else { return }
    while let byte = world.pointee.toRegister.receive(now: now) {
      if !machine.receive(byte) { break }
    }
  }

  private mutating func runController() {
    if let startsAt {
      guard now >= startsAt else { return world.pointee.toController.drop(arrivedBy: now) }
      startController()
    }
    world.pointee.runThreads()
    if now >= stalledUntil, !world.pointee.disk.hasFailed {
      let operations = world.pointee.disk.operations
      loop.tick(now: now)
      if world.pointee.disk.operations != operations { hasBlocked = true }
    }
    if world.pointee.disk.hasFailed { stopController() }
  }

  /// The loop does not run for so long; then it goes on, late.
  public mutating func stall(for duration: Interval) { stalledUntil = now + duration }

  private mutating func misfortune(in ticks: Double) {
    let faults = world.pointee.faults
    if random.chance(ticks * faults.stalls) { stall(for: milliseconds(40)) }
    if random.chance(ticks * faults.longStalls) { stall(for: milliseconds(5_000)) }
    if random.chance(ticks * faults.captureStalls) {
      world.pointee.holdCapture(for: milliseconds(30))
    }
    if random.chance(ticks * faults.controllerOutages), startsAt == nil {
      controllerOutage = random.chance(0.5) ? .powerCut : .killed
      if random.chance(0.5) {
        world.pointee.disk.fail(after: UInt64(random.below(20)))
      } else {
        world.pointee.disk.fail()
      }
    }
    if random.chance(ticks * faults.registerOutages), !machine.isDown {
      registerOutage = random.chance(0.5) ? .powerCut : .killed
      if random.chance(0.5) {
        machine.disk.fail(after: UInt64(random.below(8)))
      } else {
        machine.goDown(until: now + milliseconds(3_000))
      }
    }
    if random.chance(ticks * faults.registerHangs) {
      machine.hang(until: now + milliseconds(10_000))
    }
    if let returns = readerReturns, now >= returns {
      readerReturns = nil
      world.pointee.chip?.isPowered = true
      world.pointee.plugReader(true)
    } else if faults.readerOutages > 0, random.chance(ticks * faults.readerOutages) {
      readerReturns = now + milliseconds(3_000)
      if random.chance(0.5) { world.pointee.plugReader(false) }
      world.pointee.chip?.isPowered = false
    }
    if random.chance(ticks * faults.clockJumps) {
      clockError = Int64(random.below(172_800_000)) - 86_400_000
      machine.session.tell(unixMilliseconds: unixMilliseconds, now: now)
    }
  }

  private mutating func milliseconds(_ most: Int) -> Interval {
    .milliseconds(Int64(1 + random.below(most)))
  }

  // MARK: The controller's machine

  private mutating func stopController() {
    controllerOutages += 1
    world.pointee.stopController(controllerOutage)
    startsAt = now + milliseconds(3_000)
  }

  /// What the service manager does: starts the program, and again after a second if it ends.
  private mutating func startController() {
    if world.pointee.disk.hasFailed { world.pointee.disk.restart(controllerOutage) }
    do throws(DiskError) {
      let start = try world.pointee.startController(newOrigin: Self.drawOrigin(&random))
      loop = Self.makeLoop(world, options, start.origin, epoch: start.epoch, now: now)
      if start.epoch <= epoch { hasRepeatedEpoch = true }
      epoch = start.epoch
      startsAt = nil
      stalledUntil = now
    } catch { startsAt = now + .seconds(1) }
  }

  /// The controller's power is cut, or its program killed, now.
  public mutating func stopController(_ outage: Outage) {
    controllerOutage = outage
    stopController()
  }

  // MARK: The register

  public var register: RegisterSession {
    _read { yield machine.session }
    _modify { yield &machine.session }
  }

  /// What the line brought the register in this millisecond.
  public var received: Bytes<512> { _read { yield machine.received } }
  /// What the register has stored: it survives a restart.
  public var held: RecordsHeld? { machine.held }
  /// How often the register went down.
  public var registerOutages: Int { machine.outages }
  /// Whether the register lost what it had acknowledged.
  public var hasBrokenPromise: Bool { machine.hasBrokenPromise }
  /// Whether records are stored and acknowledged, as they should be.
  public var acknowledges: Bool {
    get { machine.keepsRecords }
    set { machine.keepsRecords = newValue }
  }
  /// The sealed bytes of the last `record` or `recordCopy` event.
  public var sealed: SealedRecord { _read { yield machine.sealed } }

  /// The next thing the register hears in this millisecond. Records are stored and acknowledged.
  public mutating func nextEvent() -> RegisterEvent? { machine.nextEvent(now: now) }

  private mutating func runRegister() {
    guard
      machine.wake(
        registerOutage, unixMilliseconds: unixMilliseconds, back: now + .seconds(1), now: now)
    else { return }
    guard options.canary != .sameRandomNumbers else {
      var same = SeededRandom(seed: 2)
      return machine.write(&same, now: now) { world.pointee.sendToController($0) }
    }
    machine.write(&random, now: now) { world.pointee.sendToController($0) }
  }

  /// The register's program ends and starts again with what it had stored.
  public mutating func restartRegister() {
    machine.goDown(until: now)
    _ = machine.wake(.killed, unixMilliseconds: unixMilliseconds, back: now, now: now)
  }

  /// Opens the record that the register heard of last.
  public func openRecord() throws(SealError) -> Record {
    try machine.sealed.withBytes { (bytes) throws(SealError) in
      try Record(opening: bytes, with: recordKey)
    }
  }

  /// Whether the bytes stand on a disk of either side.
  public func hasOnDisk(_ bytes: Span<UInt8>) -> Bool {
    world.pointee.disk.holds(bytes) || machine.disk.holds(bytes)
  }
}

// MARK: The parts

extension SimulatedKiosk {
  private static func drawOrigin(_ random: inout SeededRandom) -> Origin {
    var name = Bytes<16>()
    name.fill(&random)
    guard let origin = name.withBytes({ Origin($0) }) else { preconditionFailure("16 bytes") }
    return origin
  }

  private static func makeLoop(
    _ world: UnsafeMutablePointer<Surroundings>, _ options: KioskOptions, _ origin: Origin,
    epoch: UInt32, now: Instant
  ) -> Loop<VirtualBoard> {
    var token = TokenKey()
    world.pointee.copyTokenKey(into: &token)
    var terminal = Terminal(
      origin: origin, epoch: epoch, masking: .widest, tokenKey: token, recordKey: makeRecordKey())
    do throws(Overflow) {
      try terminal.device.append(bigEndian: UInt64(1))
      try terminal.firmware.append("simulated")
    } catch { preconditionFailure("8 and 9 bytes") }
    return Loop(
      board: VirtualBoard(world), timing: LoopTiming(tick: tick, release: options.release),
      terminal: terminal, clock: WallClock(unixMilliseconds: 0, at: now),
      head: StripeSettings(kind: options.head), taps: options.taps,
      attachments: options.attachments, outbox: world.pointee.takeOutbox(),
      link: makeLink(origin, options, epoch: epoch, now: now))
  }

  private static func makeLink(
    _ origin: Origin, _ options: KioskOptions, epoch: UInt32, now: Instant
  ) -> ControllerLink {
    let peer = PairedKeys.registerPublic
    do {
      return try ControllerLink(
        secret: PairedKeys.secret(first: 1), register: PairedKeys.key(peer.span), origin: origin,
        epoch: UInt64(epoch), byteTime: options.byteTime, now: now)
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
