// The simulator's board: everything a controller can see and touch, in virtual time.

import Controller
import Link
import Magstripe
import Octets
import Vault

/// What surrounds one controller: a head, a line to the register, a durable store with keys, lights
/// and a supervisor. About 75 KiB: lives behind the pointer of its `VirtualBoard`, so that the test
/// can reach what the loop owns.
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
  private var readerChange = PortChange.cameUp
  /// When the last byte came from it.
  public private(set) var lastReaderByte: Instant?

  // The line.
  var toRegister: VirtualLine
  var toController: VirtualLine
  private var portChange = PortChange.cameUp
  private var isPortUp = true
  /// From the start of a tick to the port's taking its bytes.
  public var handover = Interval(nanoseconds: 0)
  /// When the port last took the first byte of a frame longer than anything but a record.
  public private(set) var recordSentAt: Instant?

  // The keys.
  private var keeper = KeyKeeper()
  /// The durable store's one file.
  private var file = SealedState()
  private var deviceKey = DeviceKey()
  private var leaseDue: Instant?

  // What the controller shows and tells.
  public private(set) var lights = Lights.none
  private var occurrences = InlineArray<64, Occurrence>(
    repeating: Occurrence(at: Instant(nanoseconds: 0), code: .firstTick))
  private var firstOccurrence = 0
  private var occurrenceCount = 0

  init(seed: UInt64, keys: KeyAlgorithm?, byteTime: Interval, now: Instant) {
    self.now = now
    random = SeededRandom(seed: seed)
    toRegister = VirtualLine(byteTime: byteTime)
    toController = VirtualLine(byteTime: byteTime)
    deviceKey.fill(&random)
    if let keys { load(keys) }
  }

  private mutating func load(_ algorithm: KeyAlgorithm) {
    var key = InitialKey()
    var block = Bytes<512>()
    var protection = Bytes<32>()
    var tokenRandom = Bytes<32>()
    protection.fill(&random)
    if algorithm == .tdes { protection.truncate(to: 16) }
    tokenRandom.fill(&random)
    AcquirerHost.test(algorithm).keyBlock(algorithm, protectionKey: protection, into: &block)
    do throws(KeyBlockError) {
      try protection.withBytes { (protection) throws(KeyBlockError) in
        try block.withBytes { (text) throws(KeyBlockError) in
          try key.open(text, protectionKey: protection)
        }
      }
    } catch { preconditionFailure("the test host wraps its keys well") }
    do throws(VaultError) {
      try tokenRandom.withBytes { (random) throws(VaultError) in
        try keeper.load(key, replacing: false, tokenRandom: random)
      }
    } catch { preconditionFailure("an empty vault takes any key") }
    key.wipe()
  }

  func copyTokenKey(into key: inout TokenKey) { keeper.copyTokenKey(into: &key) }
}

// MARK: What happens around the controller

extension Surroundings {
  /// Pulls a card past the head, from `start` on.
  public mutating func swipe(
    _ card: borrowing StripeTracks, _ conditions: SwipeConditions, seed: UInt64, start: Instant
  ) {
    var swipe = StripeSwipe(card, conditions, seed: seed, start: start)
    nextEdge = swipe.next()
    self.swipe = consume swipe
  }

  public var isSwiping: Bool { nextEdge != nil }

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

  /// What the register sends.
  mutating func sendToController(_ bytes: Span<UInt8>) {
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
    nextEdge = swipe?.next()
    if nextEdge == nil { swipe = nil }
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
    return (toRegister.send(bytes, now: at, faults, &random), at)
  }

  fileprivate mutating func takeReaderChange() -> PortChange {
    guard chip != nil else { return .none }
    defer { readerChange = .none }
    return readerChange
  }

  fileprivate mutating func receiveFromReader(into bytes: inout Bytes<512>) {
    while bytes.room > 0, let byte = chip?.transmit(at: now) {
      // At another rate than the port's there is nothing to be made of it.
      guard chip?.rate == readerRate else { continue }
      do { try bytes.append(byte) } catch { return }
      lastReaderByte = now
    }
  }

  fileprivate mutating func sendToReader(_ bytes: Span<UInt8>) -> Int {
    for index in bytes.indices { chip?.receive(bytes[index], at: now, hostRate: readerRate) }
    return bytes.count
  }

  fileprivate mutating func setReaderRate(_ rate: Int) { readerRate = rate }

  fileprivate mutating func refill(_ lease: inout KeyLease) -> KeySupply {
    guard let due = leaseDue else {
      let slow = random.chance(faults.slowDisk) ? Int64(random.below(2_000)) : 1
      leaseDue = now + .milliseconds(slow)
      return keeper.status.serial == nil ? .exhausted : .onItsWay
    }
    guard now >= due else { return keeper.status.serial == nil ? .exhausted : .onItsWay }
    leaseDue = nil
    var nonce = Bytes<24>()
    nonce.fill(&random)
    do throws(VaultError) { try keeper.prepareLease() } catch { return .exhausted }
    nonce.withBytes {
      keeper.commitLease(into: &lease, key: deviceKey, nonce: $0) { bytes in
        file.removeAll()
        do throws(Overflow) { try file.append(bytes) } catch {
          preconditionFailure("a sealed state fits")
        }
      }
    }
    return .refilled
  }

  fileprivate mutating func show(_ lights: Lights) { self.lights = lights }

  fileprivate mutating func report(_ occurrence: Occurrence) {
    precondition(occurrenceCount < 64, "whoever runs the world takes what the controller tells")
    occurrences[(firstOccurrence + occurrenceCount) % 64] = occurrence
    occurrenceCount += 1
  }

  fileprivate mutating func random(into key: inout Link.Key) {
    key.removeAll()
    key.fill(&random)
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
  public mutating func show(_ lights: Lights) { world.pointee.show(lights) }
  public mutating func refill(_ lease: inout KeyLease) -> KeySupply {
    world.pointee.refill(&lease)
  }
  public mutating func random(into key: inout Link.Key) { world.pointee.random(into: &key) }
  public mutating func report(_ occurrence: Occurrence) { world.pointee.report(occurrence) }
}

extension Bytes {
  /// Appends random bytes until full. Not for real keys.
  mutating func fill(_ random: inout SeededRandom) {
    while room > 0 {
      do { try append(UInt8(truncatingIfNeeded: random.next())) } catch { return }
    }
  }
}

extension AcquirerHost {
  /// The key block of the annexes' device.
  fileprivate func keyBlock(
    _ algorithm: KeyAlgorithm, protectionKey: borrowing Bytes<32>, into block: inout Bytes<512>
  ) {
    let tdes: InlineArray<10, UInt8> = [0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0, 0]
    let aes: InlineArray<12, UInt8> = [
      0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0, 0, 0, 0,
    ]
    let serial =
      algorithm == .tdes
      ? KeySerialNumber(tdes.span, algorithm: .tdes) : KeySerialNumber(aes.span, algorithm: .aes128)
    guard let serial else { preconditionFailure("10 and 12 bytes") }
    let padding = InlineArray<16, UInt8>(repeating: 0x5A)
    protectionKey.withBytes {
      keyBlock(serial, protectionKey: $0, padding: padding.span, into: &block)
    }
  }
}
