// The world as the loop sees it. The firmware's is LinuxBoard, the tests' is the simulator.

import Journal
import Link
import Magstripe
import Octets
import Vault

/// Everything the loop takes from and gives to the outside. No call waits, allocates or fails: what
/// is away reads as nothing and takes nothing.
public protocol Board: ~Copyable {
  /// The next captured edge, or nil when all were handed over.
  mutating func nextEdge() -> StripeEdge?

  /// Until when the capture is complete: no edge before this is still to come. Behind the clock
  /// when the capture itself was held up: a swipe is not over because nobody looked. Nil while the
  /// head's lines are away.
  mutating func capturedUntil() -> Instant?

  /// Whether the register's port has come or gone since the last call.
  mutating func registerPort() -> PortChange

  /// Adds what the register has sent, as much as `bytes` has room for.
  mutating func receive(into bytes: inout Bytes<512>)

  /// Hands bytes to the register's port; returns how many it took, and when.
  mutating func send(_ bytes: Span<UInt8>) -> (count: Int, at: Instant)

  /// Whether the contactless reader's port has come or gone since the last call.
  mutating func readerPort() -> PortChange

  /// Adds what the contactless reader has sent, as much as `bytes` has room for.
  mutating func receiveFromReader(into bytes: inout Bytes<512>)

  /// Hands bytes to the contactless reader's port; returns how many it took.
  mutating func sendToReader(_ bytes: Span<UInt8>) -> Int

  /// The contactless reader's port goes on at this rate, in bits per second, if it can.
  mutating func setReaderRate(_ rate: Int)

  /// Whether the device's port has come or gone since the last call. A board without that device
  /// says nothing.
  mutating func portChange(of device: Peripheral) -> PortChange

  /// Adds what the device has sent, as much as `bytes` has room for.
  mutating func receive(from device: Peripheral, into bytes: inout Bytes<512>)

  /// Hands bytes to the device's port; returns how many it took.
  mutating func send(_ bytes: Span<UInt8>, to device: Peripheral) -> Int

  /// Shows the lights and switches the buzzer; called when they change.
  mutating func show(_ lights: Lights)

  /// Moves the next durable batch of keys into `lease`, which is empty, if there is one.
  mutating func refill(_ lease: inout KeyLease) -> KeySupply

  /// Hands a request to the journal; false when its ring is full.
  mutating func journal(_ request: borrowing JournalRequest) -> Bool

  /// What the journal says, in order; nil when all was handed over.
  mutating func nextJournalReport() -> JournalReport?

  /// Appends 32 random bytes.
  mutating func random(into key: inout Link.Key)

  /// Tells the supervisor.
  mutating func report(_ occurrence: Occurrence)

  /// The next order about pairings from whoever keeps the list of registers.
  mutating func nextPairingOrder() -> PairingOrder?

  /// Tells the same what has come of a pairing; false when it cannot be told.
  mutating func tell(_ event: PairingEvent) -> Bool
}

/// A board with which nothing can be paired.
extension Board where Self: ~Copyable {
  public mutating func nextPairingOrder() -> PairingOrder? { nil }
  public mutating func tell(_ event: PairingEvent) -> Bool { false }
}

/// What the keeper of the registers' list wants of the loop.
public enum PairingOrder: BitwiseCopyable, Sendable {
  /// Open a window: a human asked for it at the controller.
  case open
  case close
  /// The register that was accepted is durable.
  case stored(PairedRegister)
  case notStored(PairingRefusal)
  /// Talk with this register no more.
  case forget(PublicKey)
}

/// A device on a serial port of its own.
public enum Peripheral: Int, Sendable {
  /// Reads codes.
  case scanner = 0
  /// Two lines of text for the customer.
  case display = 1
  /// An older till.
  case concert = 2
  /// A register that only watches.
  case watcher = 3

  public static let count = 4
}

public enum PortChange: Sendable {
  case none
  /// A fresh stream: what was half sent before is void.
  case cameUp
  case wentDown
}

/// What became of a request for keys.
public enum KeySupply: Sendable {
  case refilled
  /// Being made durable.
  case onItsWay
  /// There will be none until keys are loaded.
  case exhausted
}

/// The four lights at the head, and the buzzer. (No `OptionSet`: Embedded Swift lets it allocate.)
public struct Lights: Equatable, Sendable, BitwiseCopyable {
  /// Bit 0 is `ready`, and so on in the order below.
  public private(set) var bits: UInt8

  public static var none: Lights { Lights(bits: 0) }
  /// A card can be swiped now.
  public static var ready: Lights { Lights(bits: 1) }
  public static var reading: Lights { Lights(bits: 2) }
  /// The last swipe was captured.
  public static var ok: Lights { Lights(bits: 4) }
  /// The last swipe could not be read, or no card can be taken at all.
  public static var error: Lights { Lights(bits: 8) }
  /// The buzzer is on.
  public static var tone: Lights { Lights(bits: 16) }

  public mutating func light(_ others: Lights) { bits |= others.bits }
}
