// The register in the simulated world: the product's session, a program around it that stores and
// acknowledges, and the disk below. It can be killed, lose its power, hang, and start again.

import Link
import Octets
import Register

struct RegisterMachine: ~Copyable {
  private enum State {
    case running
    /// Nothing is read or sent until then; bytes wait in the port, as many as it holds.
    case hanging(until: Instant)
    case down(until: Instant)
  }

  var session: RegisterSession
  let disk: FaultDisk
  private var store = RegisterStore()
  private var state = State.running
  private let byteTime: Interval
  private var frame = WireFrame()
  /// What the line brought in this millisecond, and how much of it was taken.
  private(set) var received = Bytes<512>()
  private var taken = 0
  /// Entries of the store that were told of, and the sealed bytes of the last.
  private var told = 0
  private(set) var sealed = SealedRecord()
  /// How many entries were acknowledged to the controller.
  private var promised = 0
  private(set) var outages = 0
  /// Whether the store lost what was promised.
  private(set) var hasBrokenPromise = false
  /// Whether records are stored and acknowledged, as they should be.
  var keepsRecords = true
  /// The canary's record that is still to be stored.
  private var owed: (held: RecordsHeld, at: Instant)?

  private let canary: Canary?

  init(seed: UInt64, byteTime: Interval, canary: Canary?, now: Instant) {
    self.byteTime = byteTime
    self.canary = canary
    disk = FaultDisk(seed: seed)
    session = Self.makeSession(held: nil, byteTime: byteTime, now: now)
    do throws(DiskError) { try store.open(on: disk) } catch {
      preconditionFailure("a new disk has no faults yet")
    }
  }

  var held: RecordsHeld? { store.held }
  var isDown: Bool { if case .down = state { true } else { false } }

  // MARK: Outages

  /// The program ends, or the power goes; it starts again at `back`.
  mutating func goDown(until back: Instant) {
    disk.fail()
    outages += 1
    state = .down(until: back)
    received.removeAll()
    taken = 0
    owed = nil
  }

  mutating func hang(until end: Instant) {
    if case .running = state { state = .hanging(until: end) }
  }

  var isReading: Bool { if case .running = state { true } else { false } }

  /// Whether it runs in this millisecond. Starts again what was down; `back` is when what goes down
  /// now starts again.
  mutating func wake(
    _ outage: Outage, unixMilliseconds: UInt64, back: Instant, now: Instant
  ) -> Bool {
    if disk.hasFailed, !isDown { goDown(until: back) }
    switch state {
    case .running: break
    case .hanging(let until):
      guard now >= until else { return false }
      state = .running
    case .down(let until):
      guard now >= until else { return false }
      if disk.hasFailed { disk.restart(outage) }
      do throws(DiskError) { try start(unixMilliseconds: unixMilliseconds, now: now) } catch {
        goDown(until: back)
        return false
      }
      state = .running
    }
    return true
  }

  private mutating func start(unixMilliseconds: UInt64, now: Instant) throws(DiskError) {
    try store.open(on: disk, forgetting: canary == .registerForgets)
    if store.count < max(promised, told) { hasBrokenPromise = true }
    var vouched = held
    if canary == .registerLies, let size = held?.size {
      vouched?.tree = MerkleTree()
      for _ in 0..<size { vouched?.tree.append(.emptyTree) }
    }
    session = Self.makeSession(held: vouched, byteTime: byteTime, now: now)
    session.tell(unixMilliseconds: unixMilliseconds, now: now)
  }

  private static func makeSession(
    held: RecordsHeld?, byteTime: Interval, now: Instant
  ) -> RegisterSession {
    let peer = PairedKeys.controllerPublic
    do {
      return try RegisterSession(
        secret: PairedKeys.secret(first: 0), controller: PairedKeys.key(peer.span), held: held,
        byteTime: byteTime, now: now)
    } catch { preconditionFailure("a good key") }
  }

  // MARK: Bytes

  /// Forgets what was received before.
  mutating func clear() {
    received.removeAll()
    taken = 0
  }

  mutating func receive(_ byte: UInt8) -> Bool {
    do { try received.append(byte) } catch { return false }
    return received.room > 0
  }

  /// The next thing it hears in this millisecond. Records come after they were stored, and are
  /// acknowledged then.
  mutating func nextEvent(now: Instant) -> RegisterEvent? {
    if let event = nextUntold() { return event }
    guard !isDown else { return nil }
    settle(now: now)
    let event = received.withBytes { session.receive($0, from: &taken, now: now) }
    switch event {
    case .record(let index): return keep(index, now: now)
    case .recall(let index): giveBack(index)
    case .recordCopy: copyRecord()
    default: break
    }
    return event
  }

  private mutating func copyRecord() {
    sealed.removeAll()
    do {
      try session.withRecord { (bytes) throws(Overflow) in try sealed.append(bytes) }
    } catch { preconditionFailure("the link takes no longer records") }
  }

  private mutating func keep(_ index: UInt64, now: Instant) -> RegisterEvent? {
    copyRecord()
    guard keepsRecords else { return .record(index: index) }
    guard var next = session.held, next.size == index else { return nil }
    sealed.withBytes { next.tree.append(.leaf($0)) }
    if canary == .acknowledgedBeforeStored {
      session.acknowledge(index)
      promised = store.count + 1
      owed = (next, now + .milliseconds(200))
      return nil
    }
    guard storeRecord(next, now: now) else { return nil }
    if canary == .storedTwice, index % 3 == 2 { _ = storeRecord(next, now: now) }
    session.acknowledge(index)
    promised = store.count
    told += 1
    return .record(index: index)
  }

  /// What the controller lost, and asks for again if the disk cannot read it now.
  private mutating func giveBack(_ index: UInt64) {
    guard let origin = session.held?.origin else { return }
    do throws(DiskError) {
      guard try store.find(origin, index, on: disk, into: &sealed) else { return }
    } catch { return }
    sealed.withBytes { session.sendBack(index, sealed: $0) }
  }

  /// False when the disk did not take it: the program gives up, and starts again.
  private mutating func storeRecord(_ next: RecordsHeld, now: Instant) -> Bool {
    do throws(DiskError) {
      try sealed.withBytes { (bytes) throws(DiskError) in try store.add(bytes, next, to: disk) }
      return true
    } catch {
      goDown(until: now + .seconds(1))
      return false
    }
  }

  /// The canary stores at last what it acknowledged long ago.
  private mutating func settle(now: Instant) {
    guard canary == .acknowledgedBeforeStored, let debt = owed, now >= debt.at else { return }
    owed = nil
    _ = storeRecord(debt.held, now: now)
  }

  /// An entry that is in the store and was not told of: the outage came between.
  private mutating func nextUntold() -> RegisterEvent? {
    guard told < store.count else { return nil }
    do throws(DiskError) {
      let entry = try store.read(told, from: disk, into: &sealed)
      told += 1
      return .record(index: entry.index)
    } catch { return nil }
  }

  // MARK: Sending

  /// Hands the frame to send in this millisecond, if there is one, to `send`.
  mutating func write(
    _ random: inout SeededRandom, now: Instant, _ send: (Span<UInt8>) -> Void
  ) {
    if session.needsEphemeral {
      var key = Link.Key()
      key.fill(&random)
      session.provideEphemeral(&key)
    }
    if session.nextOutput(now: now, into: &frame) { frame.withBytes(send) }
  }
}
