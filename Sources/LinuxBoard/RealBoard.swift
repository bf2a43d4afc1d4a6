// The board as the loop sees it: the loop's ends of the rings, the port and the key mailbox. What
// is behind them belongs to other threads.

import CSodium
import Controller
import Journal
import Link
import Magstripe
import Octets
import Synchronization
import Vault

/// What the loop shares with the threads beside it. Lives in locked memory until all have ended.
public struct SharedState: ~Copyable, @unchecked Sendable {
  /// Occurrences that may wait for the supervisor, which looks every few milliseconds.
  public static let occurrenceCapacity = 1024

  public let occurrences: Ring<Occurrence>
  /// What the keeper orders of the loop about pairings, and what the loop tells it.
  public let pairingOrders: Ring<PairingOrder>
  public let pairingEvents: Ring<PairingEvent>
  public let lateness: LatencyHistogram
  public let execution: LatencyHistogram
  public let link = LinkTally()
  public var keys = KeyMailbox()
  /// From the loop to the journal and back. Half of the first is for records alone.
  public let journalRequests: Ring<JournalRequest>
  public let journalReports: Ring<JournalReport>
  private let stopping = Atomic<Bool>(false)
  private let journalStopping = Atomic<Bool>(false)
  private let progress = Atomic<UInt64>(0)

  public init() throws(NoMemory) {
    let occurrences = try Ring<Occurrence>(capacity: Self.occurrenceCapacity)
    let pairingOrders = try Ring<PairingOrder>(capacity: 16)
    let pairingEvents = try Ring<PairingEvent>(capacity: 16)
    let lateness = try LatencyHistogram()
    let execution = try LatencyHistogram()
    let requests = try Ring<JournalRequest>(capacity: 64)
    let reports = try Ring<JournalReport>(capacity: 128)
    self.occurrences = occurrences
    self.pairingOrders = pairingOrders
    self.pairingEvents = pairingEvents
    self.lateness = lateness
    self.execution = execution
    journalRequests = requests
    journalReports = reports
  }

  /// Asks loop and keeper to end.
  public func stop() { stopping.store(true, ordering: .relaxed) }
  public var isStopping: Bool { stopping.load(ordering: .relaxed) }

  /// Asks the journal's thread to end, once the loop has.
  public func stopJournal() { journalStopping.store(true, ordering: .releasing) }
  public var isJournalStopping: Bool { journalStopping.load(ordering: .acquiring) }

  /// Slots that the loop has run: what the watchdog goes by.
  public var ticks: UInt64 { progress.load(ordering: .relaxed) }
  public func noteTick() { progress.store(ticks &+ 1, ordering: .relaxed) }
}

/// Where the keeper leaves the next batch of keys, durable before it gets here, for the loop.
public struct KeyMailbox: ~Copyable, @unchecked Sendable {
  private enum Fill: UInt8 {
    /// The keeper's: to be filled.
    case empty
    /// The loop's: to be taken.
    case full
    /// The keeper's: it has no keys to put in.
    case exhausted
  }

  private var lease = KeyLease()
  private let fill = Atomic<UInt8>(Fill.empty.rawValue)

  public init() {}

  private var state: Fill { Fill(rawValue: fill.load(ordering: .acquiring)) ?? .exhausted }

  /// For the keeper: whether the loop has taken what was here.
  public var wantsKeys: Bool { state == .empty }

  /// For the keeper: hands over the keys that `fill` puts in. When it throws, nothing is handed
  /// over.
  public mutating func put<E: Error>(
    _ fill: (inout KeyLease) throws(E) -> Void
  ) throws(E) {
    try fill(&lease)
    self.fill.store(Fill.full.rawValue, ordering: .releasing)
  }

  /// For the keeper: there will be no more keys.
  public func closeEmpty() { fill.store(Fill.exhausted.rawValue, ordering: .releasing) }

  /// For the loop.
  mutating func take(into other: inout KeyLease) -> KeySupply {
    switch state {
    case .empty: return .onItsWay
    case .exhausted: return .exhausted
    case .full:
      other.refill(from: &lease)
      fill.store(Fill.empty.rawValue, ordering: .releasing)
      return .refilled
    }
  }
}

/// Where the ports of the devices beside register and reader are handed over. What is pointed to
/// outlives the board.
public struct DeviceSlots {
  public let scanner: UnsafeMutablePointer<PortSlot>
  public let display: UnsafeMutablePointer<PortSlot>
  public let watcher: UnsafeMutablePointer<PortSlot>
  public let concert: UnsafeMutablePointer<PortSlot>

  public init(
    scanner: UnsafeMutablePointer<PortSlot>, display: UnsafeMutablePointer<PortSlot>,
    watcher: UnsafeMutablePointer<PortSlot>, concert: UnsafeMutablePointer<PortSlot>
  ) {
    self.scanner = scanner
    self.display = display
    self.watcher = watcher
    self.concert = concert
  }
}

/// The firmware's `Board`.
public struct RealBoard: Board, ~Copyable {
  private let shared: UnsafeMutablePointer<SharedState>
  private let edges: UnsafeMutablePointer<CapturedEdges>
  private var register: SerialPort
  private var reader: SerialPort
  private var scanner: SerialPort
  private var display: SerialPort
  private var watcher: SerialPort
  private var concert: SerialPort
  private let lamps: Lamps

  /// What is pointed to must outlive the board.
  public init(
    shared: UnsafeMutablePointer<SharedState>, edges: UnsafeMutablePointer<CapturedEdges>,
    register: UnsafeMutablePointer<PortSlot>, reader: UnsafeMutablePointer<PortSlot>,
    devices: DeviceSlots,
    lamps: consuming Lamps
  ) {
    self.shared = shared
    self.edges = edges
    self.register = SerialPort(slot: register)
    self.reader = SerialPort(slot: reader)
    scanner = SerialPort(slot: devices.scanner)
    display = SerialPort(slot: devices.display)
    watcher = SerialPort(slot: devices.watcher)
    concert = SerialPort(slot: devices.concert)
    self.lamps = lamps
  }

  public mutating func nextEdge() -> StripeEdge? { edges.pointee.next() }

  public mutating func capturedUntil() -> Instant? { edges.pointee.completeUntil }

  public mutating func registerPort() -> PortChange { PortChange(register.tend()) }

  public mutating func readerPort() -> PortChange { PortChange(reader.tend()) }

  public mutating func receiveFromReader(into bytes: inout Bytes<512>) {
    bytes.appendFilling { room in reader.read(into: &room) }
  }

  public mutating func sendToReader(_ bytes: Span<UInt8>) -> Int { reader.write(bytes) }

  public mutating func setReaderRate(_ rate: Int) { reader.setRate(rate) }

  public mutating func receive(into bytes: inout Bytes<512>) {
    bytes.appendFilling { room in register.read(into: &room) }
  }

  public mutating func send(_ bytes: Span<UInt8>) -> (count: Int, at: Instant) {
    let count = register.write(bytes)
    return (count, MonotonicClock.now())
  }

  public mutating func portChange(of device: Peripheral) -> PortChange {
    switch device {
    case .scanner: PortChange(scanner.tend())
    case .display: PortChange(display.tend())
    case .watcher: PortChange(watcher.tend())
    case .concert: PortChange(concert.tend())
    }
  }

  public mutating func receive(from device: Peripheral, into bytes: inout Bytes<512>) {
    switch device {
    case .scanner: bytes.appendFilling { room in scanner.read(into: &room) }
    case .display: bytes.appendFilling { room in display.read(into: &room) }
    case .watcher: bytes.appendFilling { room in watcher.read(into: &room) }
    case .concert: bytes.appendFilling { room in concert.read(into: &room) }
    }
  }

  public mutating func send(_ bytes: Span<UInt8>, to device: Peripheral) -> Int {
    switch device {
    case .scanner: scanner.write(bytes)
    case .display: display.write(bytes)
    case .watcher: watcher.write(bytes)
    case .concert: concert.write(bytes)
    }
  }

  public mutating func show(_ lights: Lights) { lamps.show(lights) }

  public mutating func refill(_ lease: inout KeyLease) -> KeySupply {
    shared.pointee.keys.take(into: &lease)
  }

  public mutating func nextPairingOrder() -> PairingOrder? { shared.pointee.pairingOrders.pop() }

  public mutating func tell(_ event: PairingEvent) -> Bool {
    shared.pointee.pairingEvents.push(event)
  }

  public mutating func journal(_ request: borrowing JournalRequest) -> Bool {
    let ring = UnsafePointer(shared)
    // Room for records is kept from questions.
    if case .append = copy request {
      return ring.pointee.journalRequests.push(copy request)
    }
    guard ring.pointee.journalRequests.room > ring.pointee.journalRequests.capacity / 2 else {
      return false
    }
    return ring.pointee.journalRequests.push(copy request)
  }

  public mutating func nextJournalReport() -> JournalReport? {
    shared.pointee.journalReports.pop()
  }

  public mutating func random(into key: inout Link.Key) {
    key.appendFilling { room in
      room.withUnsafeMutableBytes { randombytes_buf($0.baseAddress, $0.count) }
      return room.count
    }
  }

  public mutating func report(_ occurrence: Occurrence) {
    // A full ring is a supervisor that has stalled; the ring counts what it refused.
    _ = shared.pointee.occurrences.push(occurrence)
  }
}

extension PortChange {
  fileprivate init(_ change: SerialPort.Change) {
    self =
      switch change {
      case .none: .none
      case .cameUp: .cameUp
      case .wentDown: .wentDown
      }
  }
}

/// The lights at the head and the buzzer, as far as the board has them.
public struct Lamps: ~Copyable {
  private let outputs: Indicators?
  private let isActiveLow: Bool
  /// Place of each light among the outputs, in the order of `Lights`' bits.
  private let places: InlineArray<5, Int?>

  public init(_ outputs: consuming Indicators?, places: InlineArray<5, Int?>, isActiveLow: Bool) {
    self.outputs = outputs
    self.places = places
    self.isActiveLow = isActiveLow
  }

  func show(_ lights: Lights) {
    for bit in 0..<5 {
      guard let place = places[bit] else { continue }
      let isLit = lights.bits >> UInt8(bit) & 1 == 1
      // A lamp that cannot be switched must not stop a payment.
      _ = outputs?.set(place, isHigh: isLit != isActiveLow)
    }
  }
}
