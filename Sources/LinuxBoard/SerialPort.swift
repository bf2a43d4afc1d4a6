// Byte streams that come and go: the loop reads and writes, a thread of ordinary priority opens and
// closes, since both may wait or allocate. They meet in a slot.

import CSerial
import Octets
import Synchronization

/// How a real port is set up; ptys and sockets have no speed. Always eight bits, no parity, one
/// stop.
public struct PortSettings: Sendable {
  public enum Flow: Int32, Sendable {
    case none = 0
    case rtsCts = 1
  }
  public var path: DeviceName
  public var baud: Int32
  public var flow: Flow

  public init(path: DeviceName, baud: Int32, flow: Flow = .none) {
    self.path = path
    self.baud = baud
    self.flow = flow
  }
}

/// Where keeper and loop hand over a descriptor. At any time it is in one place only: with the
/// keeper, offered here, with the loop, or returned here.
public struct PortSlot: ~Copyable, @unchecked Sendable {
  @usableFromInline let offered = Atomic<Int32>(-1)
  @usableFromInline let returned = Atomic<Int32>(-1)
  /// The descriptor that the loop uses, for the loop's own thread to wait on.
  fileprivate let used = Atomic<Int32>(-1)
  fileprivate let reason = Atomic<Int32>(0)

  public init() {}

  /// The errno of the last failure to open; 0 while the port is open.
  public var failure: Int32 { reason.load(ordering: .relaxed) }

  /// Waits until the port, which the loop uses, has something to read, for at most so long; false
  /// after the time, or at once without a port. For the loop's thread.
  public borrowing func wait(upTo time: Interval) -> Bool {
    let port = used.load(ordering: .relaxed)
    return port >= 0 && tg_port_wait(port, Int(time.nanoseconds)) == 1
  }

  @inlinable deinit {
    let (unclaimed, lost) = (
      offered.load(ordering: .acquiring), returned.load(ordering: .acquiring)
    )
    if unclaimed >= 0 { tg_port_close(unclaimed) }
    if lost >= 0 { tg_port_close(lost) }
  }
}

/// The loop's end of a port. Nothing it does waits or allocates.
public struct SerialPort: ~Copyable {
  public enum Change: Equatable, Sendable {
    case none
    /// A fresh stream: what was half received or half sent before is void.
    case cameUp
    case wentDown
  }

  private let slot: UnsafeMutablePointer<PortSlot>
  /// Negative while the port is away.
  @usableFromInline var descriptor: Int32 = -1
  private var wentDown = false

  /// `slot` must outlive the port.
  public init(slot: UnsafeMutablePointer<PortSlot>) { self.slot = slot }

  @inlinable deinit {
    if descriptor >= 0 { tg_port_close(descriptor) }
  }

  public var isUp: Bool { descriptor >= 0 }

  /// To be called once a tick: takes over a port that was opened, and tells what has changed.
  public mutating func tend() -> Change {
    if wentDown {
      wentDown = false
      return .wentDown
    }
    guard descriptor < 0 else { return .none }
    descriptor = slot.pointee.offered.exchange(-1, ordering: .acquiringAndReleasing)
    slot.pointee.used.store(descriptor, ordering: .relaxed)
    return descriptor >= 0 ? .cameUp : .none
  }

  /// The number of bytes read; 0 when there are none or the port is away.
  public mutating func read(into bytes: inout MutableSpan<UInt8>) -> Int {
    guard descriptor >= 0 else { return 0 }
    let port = descriptor
    return settle(bytes.withUnsafeMutableBytes { tg_port_read(port, $0.baseAddress, $0.count) })
  }

  /// The number of bytes taken, perhaps fewer than given; 0 when none fit or the port is away.
  public mutating func write(_ bytes: Span<UInt8>) -> Int {
    guard descriptor >= 0 else { return 0 }
    let port = descriptor
    return settle(bytes.withUnsafeBytes { tg_port_write(port, $0.baseAddress, $0.count) })
  }

  /// Goes on at this rate, in bits per second; a port that cannot stays as it is.
  public mutating func setRate(_ rate: Int) {
    if descriptor >= 0 { _ = tg_port_set_rate(descriptor, Int32(rate)) }
  }

  /// Bytes that the kernel has yet to send.
  public mutating func queued() -> Int {
    descriptor < 0 ? 0 : settle(tg_port_queued(descriptor))
  }

  private mutating func settle(_ result: Int) -> Int {
    guard result < 0 else { return result }
    slot.pointee.used.store(-1, ordering: .relaxed)
    slot.pointee.returned.store(descriptor, ordering: .releasing)
    descriptor = -1
    wentDown = true
    return 0
  }
}

/// The keeper's end of a port: opens it, and opens it again when it was lost.
public struct PortKeeper: ~Copyable {
  private enum State {
    /// To be opened when the back-off permits.
    case away
    /// Offered to or used by the loop.
    case handedOver(since: Instant)
  }

  public let settings: PortSettings
  private let slot: UnsafeMutablePointer<PortSlot>
  private var state = State.away
  private var backOff = BackOff()

  /// `slot` must outlive the keeper.
  public init(_ settings: PortSettings, slot: UnsafeMutablePointer<PortSlot>) {
    self.settings = settings
    self.slot = slot
  }

  /// To be called every 50 ms or so, by a thread that may wait.
  public mutating func tend(at now: Instant) {
    switch state {
    case .away:
      if backOff.remaining(at: now) == .milliseconds(0) { open(at: now) }
    case .handedOver(let since):
      let lost = slot.pointee.returned.exchange(-1, ordering: .acquiringAndReleasing)
      guard lost >= 0 else { return }
      tg_port_close(lost)
      backOff.lost(at: now, after: since)
      state = .away
    }
  }

  private mutating func open(at now: Instant) {
    let (baud, flow) = (settings.baud, settings.flow.rawValue)
    let result = settings.path.withCString { tg_port_open($0, baud, flow) }
    guard result >= 0 else {
      slot.pointee.reason.store(-result, ordering: .relaxed)
      backOff.failed(at: now)
      return
    }
    slot.pointee.reason.store(0, ordering: .relaxed)
    slot.pointee.offered.store(result, ordering: .releasing)
    state = .handedOver(since: now)
  }
}
