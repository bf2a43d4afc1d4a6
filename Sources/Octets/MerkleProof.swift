// Roots of earlier sizes and proofs of inclusion and consistency (RFC 6962 section 2.1), from the
// nodes that a tree completed.

/// The hashes of one proof, in the order of RFC 6962: from the leaves up.
public struct MerkleProof: Sendable {
  public private(set) var count = 0
  private var hashes = InlineArray<80, Digest>(repeating: .emptyTree)

  init() {}

  mutating func push(_ hash: Digest) {
    precondition(count < 80, "two for each level at most")
    hashes[count] = hash
    count += 1
  }

  public subscript(index: Int) -> Digest {
    precondition(index >= 0 && index < count, "our own index, checked by the caller")
    // The walk below goes from the root down.
    return hashes[count - 1 - index]
  }
}

/// What a proof is computed over: `node` gives the hash of a full subtree.
public struct MerkleProver {
  /// The largest power of two below `size`, which is at least 2.
  private static func split(_ size: UInt64) -> UInt64 {
    1 << UInt64(63 - (size - 1).leadingZeroBitCount)
  }

  /// The root over the leaves `start..<end`, a subtree of some tree: `start` is a multiple of a
  /// power of two that is at least the number of leaves.
  public static func root<E: Error>(
    _ start: UInt64, _ end: UInt64, node: (Int, UInt64) throws(E) -> Digest
  ) throws(E) -> Digest {
    var root: Digest?
    var rest = end - start
    var at = end
    // From the smallest full subtree, which is the rightmost, to the largest.
    while rest > 0 {
      let level = rest.trailingZeroBitCount
      at -= 1 << UInt64(level)
      rest -= 1 << UInt64(level)
      let hash = try node(level, at >> UInt64(level))
      root = root.map { .node(hash, $0) } ?? hash
    }
    return root ?? .emptyTree
  }

  /// The audit path of leaf `index` in the tree of `size` leaves.
  public static func inclusion<E: Error>(
    _ index: UInt64, size: UInt64, node: (Int, UInt64) throws(E) -> Digest
  ) throws(E) -> MerkleProof {
    precondition(index < size, "callers check what they are asked for")
    var proof = MerkleProof()
    var (low, high) = (UInt64(0), size)
    while high - low > 1 {
      let middle = low + split(high - low)
      if index < middle {
        proof.push(try root(middle, high, node: node))
        high = middle
      } else {
        proof.push(try root(low, middle, node: node))
        low = middle
      }
    }
    return proof
  }

  /// That the tree of `old` leaves is the beginning of the tree of `size` leaves.
  public static func consistency<E: Error>(
    from old: UInt64, to size: UInt64, node: (Int, UInt64) throws(E) -> Digest
  ) throws(E) -> MerkleProof {
    precondition(old > 0 && old <= size, "callers check what they are asked for")
    var proof = MerkleProof()
    var (low, high) = (UInt64(0), size)
    while old != high {
      let middle = low + split(high - low)
      if old <= middle {
        proof.push(try root(middle, high, node: node))
        high = middle
      } else {
        proof.push(try root(low, middle, node: node))
        low = middle
      }
    }
    // The verifier knows the old root: it is left out where it is a subtree of its own.
    if low > 0 { proof.push(try root(low, high, node: node)) }
    return proof
  }
}
