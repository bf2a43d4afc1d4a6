// Sealed records in memory: the youngest, which the journal may not have yet, and those that the
// journal has handed back for delivery.

import Octets

/// One sealed record.
public typealias SealedRecord = Bytes<560>

/// The log's young end and a window onto the rest.
///
/// A record that was made in this run is held until sixteen younger ones were, and no younger one
/// is taken while the journal does not have the one it would replace: nothing that was taken is
/// only on its way. Older records are asked of the journal when it is their turn.
public struct Outbox: ~Copyable {
  public static let capacity = 16

  private var young = InlineArray<16, SealedRecord> { _ in SealedRecord() }
  /// The oldest index in `young`.
  private var youngFirst: UInt64
  /// The roots of the tree at the last sizes.
  private var roots = InlineArray<16, Digest>(repeating: .emptyTree)
  private var rootsFirst: UInt64
  private var fetched = InlineArray<16, SealedRecord> { _ in SealedRecord() }
  /// Which record is, or will be, in each place of `fetched`.
  private var fetching = InlineArray<16, (index: UInt64, isThere: Bool)?>(repeating: nil)
  /// The tree over all records.
  public private(set) var tree: MerkleTree
  /// All records below are in the journal.
  public private(set) var durable: UInt64
  /// All records below were acknowledged, and the journal says so.
  public private(set) var acknowledged: UInt64
  /// The oldest record that the journal keeps.
  public private(set) var oldest: UInt64
  /// Where a register begins that does not know the log.
  public private(set) var start: MerkleTree

  /// - Parameters:
  ///   - tree: over the records of the journal.
  ///   - start: over the first of them, at most `LinkLimits.peaks` subtrees; not before `oldest`.
  public init(tree: MerkleTree, start: MerkleTree, oldest: UInt64, acknowledged: UInt64) {
    self.tree = tree
    self.start = start
    self.oldest = oldest
    self.acknowledged = acknowledged
    durable = tree.size
    youngFirst = tree.size
    rootsFirst = tree.size
    roots[place(tree.size)] = tree.root
  }

  /// A log without records.
  public init() { self.init(tree: MerkleTree(), start: MerkleTree(), oldest: 0, acknowledged: 0) }

  private func place(_ index: UInt64) -> Int { Int(index % UInt64(Self.capacity)) }

  /// The index that the next record will have.
  public var next: UInt64 { tree.size }

  /// How many records can still be taken.
  public var room: Int { Self.capacity - Int(next - durable) }

  /// Holds `sealed` under index `next`. Throws when the journal is too far behind or the record too
  /// long.
  public mutating func append(_ sealed: Span<UInt8>) throws(Overflow) {
    guard room > 0, sealed.count <= LinkLimits.record else { throw Overflow() }
    let slot = place(next)
    young[slot].removeAll()
    try young[slot].append(sealed)
    tree.append(.leaf(sealed))
    roots[place(next)] = tree.root
    let kept = UInt64(Self.capacity)
    youngFirst = max(youngFirst, next < kept ? 0 : next - kept)
    rootsFirst = max(rootsFirst, next < kept ? 0 : next - kept + 1)
  }

  /// The root over the first `size` records, when that is one of the last sizes.
  public func root(at size: UInt64) -> Digest? {
    size >= rootsFirst && size <= next ? roots[place(size)] : nil
  }

  /// The journal has all records below `size`, and none below `oldest` any more.
  public mutating func note(durable size: UInt64, acknowledged: UInt64, oldest: UInt64) {
    durable = max(durable, min(size, next))
    self.acknowledged = max(self.acknowledged, min(acknowledged, durable))
    self.oldest = max(self.oldest, oldest)
  }

  public mutating func note(start: MerkleTree) {
    if start.size <= next { self.start = start }
  }

  /// The first record of `range` that neither is here nor was asked for; it counts as asked for.
  public mutating func nextMissing(in range: Range<UInt64>) -> UInt64? {
    for index in range where index < youngFirst && index >= oldest {
      if let known = fetching[place(index)], known.index == index { continue }
      fetching[place(index)] = (index, false)
      return index
    }
    return nil
  }

  /// Takes a record that was asked for.
  public mutating func provide(_ index: UInt64, _ sealed: Span<UInt8>) {
    let slot = place(index)
    guard let known = fetching[slot], known.index == index else { return }
    fetched[slot].removeAll()
    do {
      try fetched[slot].append(sealed)
      fetching[slot] = (index, true)
    } catch { fetching[slot] = nil }
  }

  /// Asks again for what has not come: the journal could not read it.
  public mutating func forgetMissing() {
    for slot in 0..<Self.capacity {
      if let known = fetching[slot], !known.isThere { fetching[slot] = nil }
    }
  }

  /// Calls `body` with record `index`; nil when it is not here.
  public borrowing func withRecord<R: ~Copyable, E: Error>(
    _ index: UInt64, _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R? {
    let slot = place(index)
    if index >= youngFirst, index < next { return try young[slot].withBytes(body) }
    guard let known = fetching[slot], known.index == index, known.isThere else { return nil }
    return try fetched[slot].withBytes(body)
  }
}
