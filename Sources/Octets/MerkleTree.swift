// An append-only Merkle tree (RFC 6962 section 2.1), by its right edge alone: enough to append
// leaves and to know the root, whatever the size. Whoever needs proofs keeps the nodes that
// `append` completes.

/// A node whose subtree is full: it never changes again.
public struct MerkleNode: Equatable, Sendable, BitwiseCopyable {
  /// Height above the leaves: the subtree has 2^level of them.
  public let level: Int
  /// Place among the nodes of its level, from the left.
  public let index: UInt64
  public let hash: Digest
}

/// The roots of the full subtrees that the leaves so far make up, one for each bit of the size.
public struct MerkleTree: Equatable, Sendable {
  /// More leaves than a controller makes in its life.
  public static let levels = 40

  public private(set) var size: UInt64
  /// By level; meaningful where the size has a bit.
  private var peaks = InlineArray<40, Digest>(repeating: .emptyTree)

  public init() { size = 0 }

  /// A tree of `size` leaves whose full subtrees are `peaks`, the largest first, 32 bytes each. Nil
  /// when their number is not that of the size's bits.
  public init?(size: UInt64, peaks bytes: Span<UInt8>) {
    guard size >> UInt64(Self.levels) == 0,
      bytes.count == size.nonzeroBitCount * Digest.size
    else { return nil }
    self.size = size
    var at = 0
    for level in stride(from: Self.levels - 1, through: 0, by: -1) where hasPeak(level) {
      guard let peak = Digest(bytes.extracting(at..<(at + Digest.size))) else { return nil }
      peaks[level] = peak
      at += Digest.size
    }
  }

  /// Whether another leaf fits: asked where sizes come from outside.
  public var hasRoom: Bool { size >> UInt64(Self.levels) == 0 }

  private func hasPeak(_ level: Int) -> Bool { size >> UInt64(level) & 1 == 1 }

  /// Adds a leaf's hash and tells of each subtree that it completes, the leaf itself first.
  public mutating func append<E: Error>(
    _ leaf: Digest, completing tell: (MerkleNode) throws(E) -> Void
  ) throws(E) {
    precondition(hasRoom, "a trillion records are not made")
    var hash = leaf
    var level = 0
    try tell(MerkleNode(level: 0, index: size, hash: hash))
    while hasPeak(level) {
      hash = .node(peaks[level], hash)
      level += 1
      try tell(MerkleNode(level: level, index: size >> UInt64(level), hash: hash))
    }
    peaks[level] = hash
    size += 1
  }

  public mutating func append(_ leaf: Digest) { append(leaf) { _ in } }

  public var root: Digest {
    var root: Digest?
    for level in 0..<Self.levels where hasPeak(level) {
      root = root.map { .node(peaks[level], $0) } ?? peaks[level]
    }
    return root ?? .emptyTree
  }

  /// Appends the full subtrees' roots, the largest first.
  public func appendPeaks<let capacity: Int>(to bytes: inout Bytes<capacity>) throws(Overflow) {
    for level in stride(from: Self.levels - 1, through: 0, by: -1) where hasPeak(level) {
      try peaks[level].withBytes { (peak) throws(Overflow) in try bytes.append(peak) }
    }
  }

  public static func == (left: MerkleTree, right: MerkleTree) -> Bool {
    guard left.size == right.size else { return false }
    for level in 0..<levels where left.hasPeak(level) && left.peaks[level] != right.peaks[level] {
      return false
    }
    return true
  }
}
