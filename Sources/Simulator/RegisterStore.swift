// Where the simulated register keeps records: one file to which entries are added, each synced
// before it is acknowledged. What a register's developer has to get right, done right, so that the
// simulated disk can show what happens otherwise.

import Link
import Octets
import Register

/// An entry: size of all that follows the header's first 6 bytes (2 bytes), CRC-32C of it (4),
/// origin (16), index (8), the number of full subtrees in the tree over all records up to this one
/// (1) and their roots (32 each), sealed record. Numbers most significant byte first.
struct RegisterStore: ~Copyable {
  private static let headerSize = 31
  private static let name: DiskName = "records"
  private static let newName: DiskName = "records.new"

  /// Whole entries in the file.
  private(set) var count = 0
  /// What they come to.
  private(set) var held: RecordsHeld?
  private var size: UInt64 = 0
  /// Where the last entry begins.
  private var last: UInt64?

  /// Takes up what is on the disk. All of it is written anew: after a failed sync the kernel shows
  /// bytes that it will never keep, and asked again it says that all is well.
  /// `forgetting` is the canary's: without the last entry.
  mutating func open(
    on disk: borrowing FaultDisk, forgetting: Bool = false
  ) throws(DiskError) {
    count = 0
    held = nil
    size = 0
    var content = Bytes<49_152>()
    do throws(DiskError) { try disk.read(Self.name, into: &content) } catch {
      guard error == .missing else { throw error }
    }
    content.withBytes { scan($0) }
    if forgetting, let last {
      size = last
      content.truncate(to: Int(size))
      (count, held, size) = (0, nil, 0)
      content.withBytes { scan($0) }
    }
    content.truncate(to: Int(size))
    try content.withBytes { (content) throws(DiskError) in
      try disk.replace(Self.name, by: content, through: Self.newName)
    }
  }

  /// Counts whole entries up to the first that is not.
  private mutating func scan(_ content: Span<UInt8>) {
    last = nil
    while let entry = Entry(content, at: Int(size)) {
      last = size
      count += 1
      held = RecordsHeld(origin: entry.origin, tree: entry.tree)
      size += UInt64(entry.size)
    }
  }

  /// Adds the record that makes what is held `held`; it is safe when this returns.
  mutating func add(
    _ sealed: Span<UInt8>, _ held: RecordsHeld, to disk: borrowing FaultDisk
  ) throws(DiskError) {
    var entry = Bytes<1_111>()
    do throws(Overflow) {
      var covered = Bytes<1_105>()
      try held.origin.append(to: &covered)
      try covered.append(bigEndian: held.size - 1)
      try covered.append(UInt8(held.size.nonzeroBitCount))
      try held.tree.appendPeaks(to: &covered)
      try covered.append(sealed)
      try entry.append(bigEndian: UInt16(covered.count))
      try entry.append(bigEndian: covered.withBytes { CRC32C.of($0) })
      try covered.withBytes { (bytes) throws(Overflow) in try entry.append(bytes) }
    } catch { preconditionFailure("the link takes no longer records, and no world has 2^16") }
    try entry.withBytes { (entry) throws(DiskError) in try disk.append(entry, to: Self.name) }
    try disk.sync(Self.name)
    count += 1
    self.held = held
    size += UInt64(entry.count)
  }

  /// Replaces `sealed` by the record of this log and index; false when there is none.
  func find(
    _ origin: Origin, _ index: UInt64, on disk: borrowing FaultDisk,
    into sealed: inout SealedRecord
  ) throws(DiskError) -> Bool {
    for number in 0..<count {
      let entry = try read(number, from: disk, into: &sealed)
      if entry.origin == origin, entry.index == index { return true }
    }
    return false
  }

  /// Replaces `sealed` by entry `number`, from 0; returns its origin and index.
  func read(
    _ number: Int, from disk: borrowing FaultDisk, into sealed: inout SealedRecord
  ) throws(DiskError) -> (origin: Origin, index: UInt64) {
    sealed.removeAll()
    var content = Bytes<49_152>()
    try disk.read(Self.name, into: &content)
    return try content.withBytes { (content) throws(DiskError) in
      var place = 0
      for _ in 0..<number { place += Entry(content, at: place)?.size ?? 0 }
      guard let entry = Entry(content, at: place) else { throw .damaged }
      do throws(Overflow) { try sealed.append(content.extracting(entry.sealed)) } catch {
        throw .damaged
      }
      return (entry.origin, entry.index)
    }
  }

  /// One entry's parts; nil when it is not whole.
  private struct Entry {
    let origin: Origin
    let index: UInt64
    let tree: MerkleTree
    let sealed: Range<Int>
    let size: Int

    init?(_ content: Span<UInt8>, at place: Int) {
      guard content.count - place >= RegisterStore.headerSize else { return nil }
      let end = place + 6 + Int(content.number(at: place, size: 2))
      let peaksAt = place + RegisterStore.headerSize
      let sealedAt = peaksAt + Digest.size * Int(content[peaksAt - 1])
      guard sealedAt <= end, end <= content.count,
        let origin = Origin(content.extracting((place + 6)..<(place + 22)))
      else { return nil }
      let sum = CRC32C.of(content.extracting((place + 6)..<end))
      guard UInt64(sum) == content.number(at: place + 2, size: 4) else { return nil }
      self.origin = origin
      index = content.number(at: place + 22, size: 8)
      let peaks = content.extracting(peaksAt..<sealedAt)
      guard let tree = MerkleTree(size: index + 1, peaks: peaks) else { return nil }
      self.tree = tree
      sealed = sealedAt..<end
      size = end - place
    }
  }
}

extension Span where Element == UInt8 {
  fileprivate func number(at place: Int, size: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in place..<(place + size) { value = value << 8 | UInt64(self[index]) }
    return value
  }
}
