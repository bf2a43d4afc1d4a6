// Sealed records that the register does not have yet, in memory.

import Octets

/// One sealed record.
public typealias SealedRecord = Bytes<560>

/// A ring of the youngest records, by index.
public struct Outbox: ~Copyable {
  public static let capacity = 16

  private var slots = InlineArray<16, SealedRecord> { _ in SealedRecord() }
  /// The oldest index held, and the one the next record will have.
  public private(set) var first: UInt64
  public private(set) var next: UInt64

  /// `next` is the index of the first record to come.
  public init(next: UInt64) {
    first = next
    self.next = next
  }

  public var isFull: Bool { room == 0 }
  /// How many records can still be taken.
  public var room: Int { Self.capacity - Int(next - first) }

  /// Holds `sealed` under index `next`. Throws when the ring is full or the record too long.
  public mutating func append(_ sealed: Span<UInt8>) throws(Overflow) {
    guard !isFull else { throw Overflow() }
    let slot = Int(next % UInt64(Self.capacity))
    slots[slot].removeAll()
    try slots[slot].append(sealed)
    next += 1
  }

  /// Lets go of everything below `size`.
  public mutating func drop(below size: UInt64) {
    first = min(max(first, size), next)
  }

  /// Calls `body` with record `index`; nil when it is not held.
  public borrowing func withRecord<R: ~Copyable, E: Error>(
    _ index: UInt64, _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R? {
    guard index >= first, index < next else { return nil }
    return try slots[Int(index % UInt64(Self.capacity))].withBytes(body)
  }
}
