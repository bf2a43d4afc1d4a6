// The simulator's board: everything a controller can see and touch, in virtual time.

import Controller
import Journal
import Link
import Magstripe
import Octets
import Vault

/// What surrounds one controller: a head, a line to the register, a durable store with keys, lights
/// and a supervisor. About 250 KiB: lives behind the pointer of its `VirtualBoard`, so that the
/// test can reach what the loop owns.
public struct Surroundings: ~Copyable {
  /// Virtual time, set before each tick.
  public var now: Instant
  public var faults = Faults()
  var random: SeededRandom

  // The head.
  private var swipe: StripeSwipe?
  private var nextEdge: StripeEdge?
  /// The last edge the head has put out.
  public private(set) var lastEdge: Instant?
  /// The capture stands still until then.
  private var captureHeld: (at: Instant, until: Instant)?
  /// The head's lines are away.
  public var isHeadAway = false

  // The contactless reader.
  public var chip: VirtualPN532?
  /// What its port is set to, in bits per second.
  public private(set) var readerRate = 115_200
  var readerChange = PortChange.cameUp
  /// When the last byte came from it.
  public private(set) var lastReaderByte: Instant?
  var isReaderPlugged = true

  // The line.
  var toRegister: VirtualLine
  var toController: VirtualLine
  private var portChange = PortChange.cameUp
  private var isPortUp = true
  /// From the start of a tick to the port's taking its bytes.
  public var handover = Interval(nanoseconds: 0)
  /// When the port last took the first byte of a frame longer than anything but a record.
  public private(set) var recordSentAt: Instant?

  // Above the disk on which its file is open: fields end in their order.
  private var journal = VirtualJournal()
  private var outbox: Outbox?
  // What outlives an outage.
  public let disk: FaultDisk
  private var keeper: VirtualKeeper
  let canary: Canary?

  // What must never be on the line.
  var watchToRegister = WireWatch()
  var watchToController = WireWatch()

  // The devices beside them.
  private var scanned = Bytes<512>()
  /// What went to the customer display since it was last looked at; the newest 512 bytes at most.
  public private(set) var displayed = Bytes<512>()
  private var fromTill = Bytes<512>()
  /// What went to the older till since it was last looked at.
  public private(set) var toTill = Bytes<512>()
  private var peripheralsAreNew = InlineArray<4, Bool>(repeating: true)

  /// What the keeper of the registers' list wants of the controller next.
  public var pairingOrder: PairingOrder?

  // What the controller shows and tells.
  public private(set) var lights = Lights.none
  private var occurrences = InlineArray<64, Occurrence>(
    repeating: Occurrence(at: Instant(nanoseconds: 0), code: .firstTick))
  private var firstOccurrence = 0
  private var occurrenceCount = 0

  init(seed: UInt64, _ options: KioskOptions, now: Instant) {
    self.now = now
    canary = options.canary
    random = SeededRandom(seed: seed)
    toRegister = VirtualLine(byteTime: options.byteTime)
    toController = VirtualLine(byteTime: options.byteTime)
    disk = FaultDisk(seed: random.next())
    keeper = VirtualKeeper(&random)
    if let keys = options.keys { keeper.provision(keys, on: disk, &random) }
  }

  func copyTokenKey(into key: inout TokenKey) { keeper.copyTokenKey(into: &key) }
}

// MARK: The controller's machine

extension Surroundings {
  /// The controller's program starts: its epoch, which is durable, and what the journal has.
  /// `newOrigin` names the log if there never was one.
  mutating func startController(
    newOrigin: Origin
  ) throws(DiskError) -> (epoch: UInt32, origin: Origin) {
    let epoch = try keeper.start(on: disk, canary, now: now, &random)
    do throws(DiskError) {
      outbox = try journal.open(on: disk, newOrigin: newOrigin, now: now)
    } catch {
      journal.close()
      throw error
    }
    guard let origin = journal.origin else { preconditionFailure("an open journal has a log") }
    while let edge = nextEdge, edge.at < now { advanceSwipe() }
    portChange = isPortUp ? .cameUp : .none
    readerChange = isReaderPlugged ? .cameUp : .none
    toController.cut()
    lights = .none
    return (epoch, origin)
  }

  /// What the journal would have after a power cut; nil while the controller is down.
  public var log: LogState? { journal.log }
  var hasLostJournal: Bool { journal.isLost }

  /// The outbox of the controller's next loop.
  mutating func takeOutbox() -> Outbox {
    guard let taken = outbox.take() else { preconditionFailure("the controller has started") }
    return taken
  }

  /// The controller's program ends with everything it had in memory.
  mutating func stopController(_ outage: Outage) {
    disk.fail()
    journal.close()
    guard outage == .powerCut else { return }
    toRegister.stopSending(now: now)
    // The chip hangs on the same power.
    chip?.isPowered = false
    chip?.isPowered = true
  }

  /// What threads other than the loop's do in this millisecond.
  mutating func runThreads() {
    keeper.run(now: now, on: disk, canary, &random)
    journal.step(on: disk, now: now)
  }

  fileprivate mutating func request(_ request: JournalRequest) -> Bool { journal.request(request) }
  fileprivate mutating func nextReport() -> JournalReport? { journal.nextReport(now: now) }

  private mutating func advanceSwipe() {
    nextEdge = swipe?.next()
    if nextEdge == nil { swipe = nil }
  }
}

// MARK: What happens around the controller

extension Surroundings {
  /// Pulls a card past the head, from `start` on.
  public mutating func swipe(
    _ card: borrowing StripeTracks, _ conditions: SwipeConditions, seed: UInt64, start: Instant
  ) {
    leak(card)
    var swipe = StripeSwipe(card, conditions, seed: seed, start: start)
    nextEdge = swipe.next()
    self.swipe = consume swipe
  }

  public var isSwiping: Bool { nextEdge != nil }

  /// Whether nothing is under way on the line, and no edge was or will be seen for so many
  /// milliseconds. `mutating` only because all that is lent to another function is copied first.
  mutating func isQuiet(for milliseconds: Int) -> Bool {
    let duration = Interval.milliseconds(Int64(milliseconds))
    return toRegister.isEmpty && toController.isEmpty
      && nextEdge.map { $0.at > now + duration } ?? true
      && lastEdge.map { $0 + duration < now } ?? true
      && chip?.nextDue.map { $0 > now + duration } ?? true
  }

  /// The capture stands still from now on for so long; edges wait in the kernel meanwhile.
  public mutating func holdCapture(for duration: Interval) {
    captureHeld = (now, now + duration)
  }

  /// The cable of the register's port is pulled, or put back.
  public mutating func plugPort(_ isIn: Bool) {
    guard isIn != isPortUp else { return }
    isPortUp = isIn
    portChange = isIn ? .cameUp : .wentDown
    toRegister.cut()
    toController.cut()
  }

  /// The scanner sends `text`, all at once; what does not fit is lost.
  public mutating func scan(_ text: Span<UInt8>) {
    do { try scanned.append(text) } catch { return }
  }

  public mutating func clearDisplayed() { displayed.removeAll() }

  /// The older till sends `bytes`; what does not fit is lost.
  public mutating func tillSends(_ bytes: Span<UInt8>) {
    do { try fromTill.append(bytes) } catch { return }
  }

  /// The device's cable is pulled and plugged in again.
  public mutating func replug(_ device: Peripheral) { peripheralsAreNew[device.rawValue] = true }

  public mutating func clearToTill() { toTill.removeAll() }

  /// What the register sends.
  mutating func sendToController(_ bytes: Span<UInt8>) {
    watchToController.hear(bytes)
    guard isPortUp else { return }
    _ = toController.send(bytes, now: now, faults, &random)
  }

  /// The oldest occurrence the controller told of that has not been taken.
  public mutating func nextOccurrence() -> Occurrence? {
    guard occurrenceCount > 0 else { return nil }
    defer {
      firstOccurrence = (firstOccurrence + 1) % 64
      occurrenceCount -= 1
    }
    return occurrences[firstOccurrence]
  }
}

// MARK: What the controller does

extension Surroundings {
  private func captureEnd() -> Instant {
    guard let captureHeld, now < captureHeld.until else { return now }
    return captureHeld.at
  }

  fileprivate func capturedUntil() -> Instant? { isHeadAway ? nil : captureEnd() }

  fileprivate mutating func takeEdge() -> StripeEdge? {
    guard !isHeadAway, let edge = nextEdge, edge.at <= captureEnd() else { return nil }
    advanceSwipe()
    if edge.signal != .gap { lastEdge = lastEdge.map { max($0, edge.at) } ?? edge.at }
    return edge
  }

  fileprivate mutating func takePortChange() -> PortChange {
    defer { portChange = .none }
    return portChange
  }

  fileprivate mutating func receive(into bytes: inout Bytes<512>) {
    while bytes.room > 0, let byte = toController.receive(now: now) {
      do { try bytes.append(byte) } catch { return }
    }
  }

  fileprivate mutating func send(_ bytes: Span<UInt8>) -> (count: Int, at: Instant) {
    let at = now + handover
    guard isPortUp else { return (0, at) }
    if bytes.count > 200 { recordSentAt = at }
    let count = toRegister.send(bytes, now: at, faults, &random)
    watchToRegister.hear(bytes.extracting(0..<count))
    return (count, at)
  }

  fileprivate mutating func takeReaderChange() -> PortChange {
    guard chip != nil else { return .none }
    defer { readerChange = .none }
    return readerChange
  }

  fileprivate mutating func receiveFromReader(into bytes: inout Bytes<512>) {
    while bytes.room > 0, let byte = chip?.transmit(at: now) {
      // At another rate than the port's there is nothing to be made of it.
      guard chip?.rate == readerRate, isReaderPlugged else { continue }
      do { try bytes.append(byte) } catch { return }
      lastReaderByte = now
    }
  }

  fileprivate mutating func sendToReader(_ bytes: Span<UInt8>) -> Int {
    guard isReaderPlugged else { return 0 }
    for index in bytes.indices { chip?.receive(bytes[index], at: now, hostRate: readerRate) }
    return bytes.count
  }

  fileprivate mutating func setReaderRate(_ rate: Int) { readerRate = rate }

  fileprivate mutating func takePortChange(of device: Peripheral) -> PortChange {
    defer { peripheralsAreNew[device.rawValue] = false }
    return peripheralsAreNew[device.rawValue] ? .cameUp : .none
  }

  fileprivate mutating func receive(from device: Peripheral, into bytes: inout Bytes<512>) {
    switch device {
    case .scanner: Self.move(&scanned, to: &bytes)
    case .concert: Self.move(&fromTill, to: &bytes)
    case .display, .watcher: break
    }
  }

  private static func move(_ source: inout Bytes<512>, to bytes: inout Bytes<512>) {
    do { try source.withBytes { (text) throws(Overflow) in try bytes.append(text) } } catch {
      return
    }
    source.removeAll()
  }

  /// The newest bytes stay.
  private static func keep(_ bytes: Span<UInt8>, in sent: inout Bytes<512>) {
    if sent.room < bytes.count { sent.removeAll() }
    do { try sent.append(bytes) } catch { return }
  }

  fileprivate mutating func send(_ bytes: Span<UInt8>, to device: Peripheral) -> Int {
    switch device {
    case .scanner, .watcher: return 0
    case .display: Self.keep(bytes, in: &displayed)
    case .concert: Self.keep(bytes, in: &toTill)
    }
    return bytes.count
  }

  fileprivate mutating func refill(_ lease: inout KeyLease) -> KeySupply {
    if canary == .diskInLoop { do throws(DiskError) { try disk.syncDirectory() } catch {} }
    return keeper.refill(&lease, now: now)
  }

  fileprivate mutating func show(_ lights: Lights) { self.lights = lights }

  fileprivate mutating func takePairingOrder() -> PairingOrder? {
    defer { pairingOrder = nil }
    return pairingOrder
  }

  fileprivate mutating func report(_ occurrence: Occurrence) {
    precondition(occurrenceCount < 64, "whoever runs the world takes what the controller tells")
    occurrences[(firstOccurrence + occurrenceCount) % 64] = occurrence
    occurrenceCount += 1
  }

  fileprivate mutating func random(into key: inout Link.Key) {
    key.removeAll()
    guard canary == .sameRandomNumbers else { return key.fill(&random) }
    var same = SeededRandom(seed: 1)
    key.fill(&same)
  }
}

/// The loop's view of its surroundings, which whoever made them owns and outlives it.
public struct VirtualBoard: Board, ~Copyable {
  private let world: UnsafeMutablePointer<Surroundings>

  init(_ world: UnsafeMutablePointer<Surroundings>) { self.world = world }

  public mutating func nextEdge() -> StripeEdge? { world.pointee.takeEdge() }
  public mutating func capturedUntil() -> Instant? { world.pointee.capturedUntil() }
  public mutating func registerPort() -> PortChange { world.pointee.takePortChange() }
  public mutating func receive(into bytes: inout Bytes<512>) {
    world.pointee.receive(into: &bytes)
  }
  public mutating func send(_ bytes: Span<UInt8>) -> (count: Int, at: Instant) {
    world.pointee.send(bytes)
  }
  public mutating func readerPort() -> PortChange { world.pointee.takeReaderChange() }
  public mutating func receiveFromReader(into bytes: inout Bytes<512>) {
    world.pointee.receiveFromReader(into: &bytes)
  }
  public mutating func sendToReader(_ bytes: Span<UInt8>) -> Int {
    world.pointee.sendToReader(bytes)
  }
  public mutating func setReaderRate(_ rate: Int) { world.pointee.setReaderRate(rate) }
  public mutating func portChange(of device: Peripheral) -> PortChange {
    world.pointee.takePortChange(of: device)
  }
  public mutating func receive(from device: Peripheral, into bytes: inout Bytes<512>) {
    world.pointee.receive(from: device, into: &bytes)
  }
  public mutating func send(_ bytes: Span<UInt8>, to device: Peripheral) -> Int {
    world.pointee.send(bytes, to: device)
  }
  public mutating func show(_ lights: Lights) { world.pointee.show(lights) }
  public mutating func refill(_ lease: inout KeyLease) -> KeySupply {
    world.pointee.refill(&lease)
  }
  public mutating func journal(_ request: borrowing JournalRequest) -> Bool {
    world.pointee.request(copy request)
  }
  public mutating func nextJournalReport() -> JournalReport? {
    world.pointee.nextReport()
  }
  public mutating func random(into key: inout Link.Key) { world.pointee.random(into: &key) }
  public mutating func report(_ occurrence: Occurrence) { world.pointee.report(occurrence) }
  public mutating func nextPairingOrder() -> PairingOrder? { world.pointee.takePairingOrder() }
}
