// The register's end of the log: which record comes next, which came early, what the register has
// stored and vouches for.

import Link
import Octets

/// What the register already holds, from its own storage: all records of `origin` below `size`, and
/// the right edge of the tree over them, which is what it vouches for.
///
/// A register that has all records since 0 can compute the tree from them; others store it
/// (`tree.appendPeaks`, `MerkleTree(size:peaks:)`) with the record that made it so.
public struct RecordsHeld: Equatable, Sendable {
  public var origin: Origin
  public var tree: MerkleTree
  /// One above the index of the last record stored.
  public var size: UInt64 { tree.size }

  public init(origin: Origin, tree: MerkleTree) {
    self.origin = origin
    self.tree = tree
  }
}

/// How the controller's records and the register's fit together at the start of a session.
public enum Standing: Equatable, Sendable {
  /// Nothing is missing; what the register lacks will come.
  case continuous
  /// A log the register did not know.
  case newOrigin
  /// The controller no longer holds this many records that the register lacks. An alarm.
  case missing(count: UInt64)
  /// The controller lost this many records that are here, and will ask for them (`recall`).
  case ahead(count: UInt64)
  /// Both have as many records, but not the same. An alarm; nothing is taken from this log.
  case forked
}

struct RecordShelf: ~Copyable {
  /// Records that may be handed out and not yet stored.
  static let unstored = 16

  private(set) var held: RecordsHeld?
  /// With the records handed out and not yet stored.
  private var taken = MerkleTree()
  private var leaves = InlineArray<16, Digest>(repeating: .emptyTree)
  private var early = InlineArray<8, SealedRecord> { _ in SealedRecord() }
  private var earlyIndex = InlineArray<8, UInt64?>(repeating: nil)
  /// What the controller said its log is: to be compared when the register has as much.
  private var claim: (size: UInt64, root: Digest)?
  private(set) var isForked = false

  init(_ held: RecordsHeld?) {
    self.held = held
    if let held { taken = held.tree }
  }

  /// The index of the record to be taken next.
  var expected: UInt64 { taken.size }

  /// Whether another record may be handed out.
  private var hasRoom: Bool {
    taken.hasRoom && expected - (held?.size ?? expected) < UInt64(Self.unstored)
  }

  mutating func align(with info: BootInfo) -> Standing {
    forgetEarly()
    claim = (info.next, info.root)
    isForked = false
    guard let mine = held, mine.origin == info.origin else {
      begin(info)
      return .newOrigin
    }
    if mine.size < info.first {
      begin(info)
      return .missing(count: info.start.size - mine.size)
    }
    checkClaim()
    if isForked { return .forked }
    return mine.size > info.next ? .ahead(count: mine.size - info.next) : .continuous
  }

  private mutating func begin(_ info: BootInfo) {
    held = RecordsHeld(origin: info.origin, tree: info.start)
    taken = info.start
    checkClaim()
  }

  private mutating func checkClaim() {
    guard let claim, claim.size == taken.size else { return }
    if claim.root != taken.root { isForked = true }
    self.claim = nil
  }

  private mutating func forgetEarly() {
    earlyIndex = InlineArray(repeating: nil)
  }

  /// Takes the next record; false when the register has to store some first.
  mutating func take(_ sealed: Span<UInt8>) -> Bool {
    guard !isForked, hasRoom else { return false }
    let leaf = Digest.leaf(sealed)
    leaves[Int(expected % UInt64(Self.unstored))] = leaf
    taken.append(leaf)
    checkClaim()
    return true
  }

  /// Keeps a record that came before the ones it follows.
  mutating func keepEarly(_ index: UInt64, _ sealed: Span<UInt8>) {
    guard index > expected, index - expected < 8 else { return }
    let slot = Int(index % 8)
    early[slot].removeAll()
    do {
      try early[slot].append(sealed)
      earlyIndex[slot] = index
    } catch { earlyIndex[slot] = nil }
  }

  /// Moves the record to be taken next into `message`, when it came early; its place there.
  mutating func takeEarly(into message: inout MessageBytes) -> Range<Int>? {
    let slot = Int(expected % 8)
    guard earlyIndex[slot] == expected else { return nil }
    message.removeAll()
    do {
      try early[slot].withBytes { (bytes) throws(Overflow) in try message.append(bytes) }
    } catch { preconditionFailure("a record fits the message it came in") }
    guard message.withBytes({ take($0) }) else { return nil }
    earlyIndex[slot] = nil
    return 0..<message.count
  }

  /// Takes a record that was stored before this session; false when there is no log to put it into.
  mutating func restore(_ sealed: Span<UInt8>) -> Bool {
    guard var mine = held, mine.size == expected, mine.tree.hasRoom else { return false }
    mine.tree.append(.leaf(sealed))
    held = mine
    taken = mine.tree
    return true
  }

  /// All records up to `index` are stored; whether that is news.
  mutating func store(_ index: UInt64) -> Bool {
    guard var mine = held, index < expected, index >= mine.size else { return false }
    while mine.size <= index {
      mine.tree.append(leaves[Int(mine.size % UInt64(Self.unstored))])
    }
    held = mine
    return true
  }

  var acknowledgement: Acknowledgement? {
    guard let held else { return nil }
    var bits: UInt64 = 0
    for bit in 0..<UInt64(8) {
      let index = held.size + bit
      if index < expected || earlyIndex[Int(index % 8)] == index { bits |= 1 << bit }
    }
    return Acknowledgement(
      origin: held.origin, size: held.size, root: held.tree.root, early: bits)
  }
}
