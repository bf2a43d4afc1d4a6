import Octets
import Testing

/// Roots of the first 1 to 8 leaves of the Certificate Transparency project's tests
/// (google/certificate-transparency, merkletree/merkle_tree_test.cc).
private let leaves: [[UInt8]] = [
  [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
  Array(0x50...0x57), Array(0x60...0x6F),
]
private let roots = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

extension Digest {
  fileprivate var hex: String {
    withBytes { bytes in
      bytes.indices.map { index in
        let digits = String(bytes[index], radix: 16)
        return digits.count == 1 ? "0" + digits : digits
      }.joined()
    }
  }
}

/// A tree that keeps what it completed, and RFC 6962's own recursive definitions beside it.
private struct Reference {
  var tree = MerkleTree()
  var nodes: [[Digest]] = []
  var hashes: [Digest] = []

  init(_ count: Int) {
    for number in 0..<count { append(.leaf([UInt8(number & 255), UInt8(number >> 8)].span)) }
  }

  mutating func append(_ leaf: Digest) {
    hashes.append(leaf)
    var completed: [MerkleNode] = []
    tree.append(leaf) { completed.append($0) }
    for node in completed {
      if nodes.count == node.level { nodes.append([]) }
      #expect(nodes[node.level].count == Int(node.index))
      nodes[node.level].append(node.hash)
    }
  }

  func node(_ level: Int, _ index: UInt64) -> Digest { nodes[level][Int(index)] }

  func root(_ range: Range<Int>) -> Digest {
    if range.isEmpty { return .emptyTree }
    if range.count == 1 { return hashes[range.lowerBound] }
    let middle = range.lowerBound + split(range.count)
    return .node(root(range.lowerBound..<middle), root(middle..<range.upperBound))
  }

  private func split(_ count: Int) -> Int {
    var power = 1
    while power * 2 < count { power *= 2 }
    return power
  }

  func path(_ index: Int, _ range: Range<Int>) -> [Digest] {
    if range.count == 1 { return [] }
    let middle = range.lowerBound + split(range.count)
    return index < middle
      ? path(index, range.lowerBound..<middle) + [root(middle..<range.upperBound)]
      : path(index, middle..<range.upperBound) + [root(range.lowerBound..<middle)]
  }

  func subproof(_ old: Int, _ range: Range<Int>, _ isKnown: Bool) -> [Digest] {
    if old == range.upperBound { return isKnown ? [] : [root(range)] }
    let middle = range.lowerBound + split(range.count)
    return old <= middle
      ? subproof(old, range.lowerBound..<middle, isKnown) + [root(middle..<range.upperBound)]
      : subproof(old, middle..<range.upperBound, false) + [root(range.lowerBound..<middle)]
  }
}

@Suite("Merkle trees")
struct MerkleTests {
  @Test("have the roots of RFC 6962's test leaves")
  func knownRoots() {
    var tree = MerkleTree()
    #expect(
      tree.root.hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    for (leaf, root) in zip(leaves, roots) {
      tree.append(.leaf(leaf.span))
      #expect(tree.root.hex == root)
    }
  }

  @Test("give the roots and proofs that RFC 6962 defines, at every size")
  func proofs() {
    let reference = Reference(70)
    for size in 1...70 {
      let root = MerkleProver.root(0, UInt64(size)) { reference.node($0, $1) }
      #expect(root == reference.root(0..<size))
      for index in 0..<size {
        let proof = MerkleProver.inclusion(UInt64(index), size: UInt64(size)) {
          reference.node($0, $1)
        }
        #expect((0..<proof.count).map { proof[$0] } == reference.path(index, 0..<size))
      }
      for old in 1...size {
        let proof = MerkleProver.consistency(from: UInt64(old), to: UInt64(size)) {
          reference.node($0, $1)
        }
        #expect((0..<proof.count).map { proof[$0] } == reference.subproof(old, 0..<size, true))
      }
    }
  }

  @Test("go on from their right edge")
  func edges() {
    for size in 0...40 {
      let whole = Reference(size).tree
      var bytes = Bytes<1280>()
      do { try whole.appendPeaks(to: &bytes) } catch { Issue.record("no room") }
      var copy = bytes.withBytes { MerkleTree(size: UInt64(size), peaks: $0) }
      #expect(copy == whole)
      copy?.append(.leaf([1].span))
      #expect(copy?.root != whole.root)
      #expect(
        bytes.withBytes { MerkleTree(size: UInt64(size) + 1, peaks: $0) } == nil || size % 2 == 1)
      #expect(MerkleTree(size: 1 << 40, peaks: [UInt8](repeating: 0, count: 32).span) == nil)
    }
  }
}
