// Where keys live: fixed slots that are wiped one by one and never move.

import CSodium
import Octets

/// 32 slots of one 128-bit key each: a DUKPT scheme's future-key registers, or a lease.
struct KeySlots: ~Copyable {
  static let count = 32
  static let byteCount = count * KeyAlgorithm.keySize
  private var storage = InlineArray<512, UInt8>(repeating: 0)

  private func range(_ slot: Int) -> Range<Int> {
    precondition(slot >= 0 && slot < Self.count, "counters have at most 32 bits")
    return (slot * KeyAlgorithm.keySize)..<((slot + 1) * KeyAlgorithm.keySize)
  }

  borrowing func withKey<R>(_ slot: Int, _ body: (Span<UInt8>) -> R) -> R {
    body(storage.span.extracting(range(slot)))
  }

  borrowing func withAll<E: Error>(_ body: (Span<UInt8>) throws(E) -> Void) throws(E) {
    try body(storage.span)
  }

  mutating func set(_ slot: Int, _ key: Span<UInt8>) {
    precondition(key.count == KeyAlgorithm.keySize, "all keys here have 128 bits")
    let start = range(slot).lowerBound
    for index in key.indices { storage[start + index] = key[index] }
  }

  mutating func setAll(_ keys: Span<UInt8>) {
    precondition(keys.count == Self.byteCount, "only whole sets of slots are restored")
    for index in keys.indices { storage[index] = keys[index] }
  }

  mutating func wipe(_ slot: Int) { wipe(range(slot)) }
  mutating func wipe() { wipe(0..<Self.byteCount) }

  private mutating func wipe(_ range: Range<Int>) {
    var bytes = storage.mutableSpan
    bytes.withUnsafeMutableBytes {
      sodium_memzero($0.baseAddress! + range.lowerBound, range.count)
    }
  }
}
