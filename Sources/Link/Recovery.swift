// What a power cut took from the end of the controller's log, asked back from the register: record
// after record, and adopted only when all of them together have the root that the register vouched
// for.

import Octets

struct Recovery: ~Copyable {
  /// As many as can have been made without being durable (`Outbox.room`). A log that lacks more
  /// was rolled back or copied.
  static let capacity = Outbox.capacity

  private var records = InlineArray<16, SealedRecord> { _ in SealedRecord() }
  /// The index of the first record that is lacking.
  private(set) var first: UInt64 = 0
  /// One above the last.
  private(set) var end: UInt64 = 0
  private var root = Digest.emptyTree
  private var tree = MerkleTree()
  private var askAt: Instant?

  /// The index to be asked for.
  var next: UInt64 { tree.size }
  var isComplete: Bool { tree.size == end }
  /// Whether what came back is what the register vouched for.
  var isGenuine: Bool { isComplete && tree.root == root }

  /// Begins after `tree`; `end` and `root` are what the register says it has.
  mutating func begin(after tree: MerkleTree, end: UInt64, root: Digest) {
    precondition(
      end > tree.size && end - tree.size <= UInt64(Self.capacity), "the link has compared them")
    self.tree = tree
    first = tree.size
    self.end = end
    self.root = root
    askAt = nil
  }

  /// Whether to ask for `next` now; asked again after `timeout`.
  mutating func isDue(now: Instant, timeout: Interval) -> Bool {
    if let askAt, now < askAt { return false }
    askAt = now + timeout
    return true
  }

  /// Takes record `next`, no longer than the decoder lets one be.
  mutating func take(_ sealed: Span<UInt8>) {
    let slot = Int(next - first)
    records[slot].set(sealed)
    tree.append(.leaf(sealed))
    askAt = nil
  }

  borrowing func withRecord<R: ~Copyable, E: Error>(
    _ index: UInt64, _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try records[Int(index - first)].withBytes(body)
  }
}
