// The hot side of DUKPT: data keys derived in advance, each handed out once. A lease is filled by
// KeyKeeper only after the registers' step past all of it is durable, so a power cut at any moment
// skips keys but never repeats one.

import Octets

/// A batch of data-encryption keys, ready to use. Belongs to the loop.
public struct KeyLease: ~Copyable {
  /// Keys in a full batch: one write to disk serves this many cards.
  public static let capacity = 32

  private var slots = KeySlots()
  private var counters = InlineArray<32, UInt32>(repeating: 0)
  /// Names the initial key of all slots.
  private var initial: KeySerialNumber?
  private var nextSlot = 0
  private var filled = 0

  public init() {}

  /// Keys left.
  public var count: Int { filled - nextSlot }
  public var isEmpty: Bool { count == 0 }

  /// Adds one key; only the keeper does.
  mutating func add(_ dataKey: Span<UInt8>, _ serial: KeySerialNumber) {
    precondition(filled < Self.capacity, "the keeper fills no more than a batch")
    slots.set(filled, dataKey)
    counters[filled] = serial.counter
    initial = serial.at(0)
    filled += 1
  }

  /// Calls `use` with the next key and wipes it; nil when the lease is empty.
  mutating func take<R>(_ use: (Span<UInt8>, KeySerialNumber) -> R) -> R? {
    guard nextSlot < filled, let initial else { return nil }
    let slot = nextSlot
    nextSlot += 1
    defer { slots.wipe(slot) }
    return slots.withKey(slot) { use($0, initial.at(counters[slot])) }
  }

  /// Takes over all keys of `other`, which is left empty. Keys still here are skipped.
  public mutating func refill(from other: inout KeyLease) {
    wipe()
    other.slots.withAll { slots.setAll($0) }
    counters = other.counters
    initial = other.initial
    nextSlot = other.nextSlot
    filled = other.filled
    other.wipe()
  }

  /// Forgets all keys.
  public mutating func wipe() {
    slots.wipe()
    initial = nil
    nextSlot = 0
    filled = 0
  }
}
