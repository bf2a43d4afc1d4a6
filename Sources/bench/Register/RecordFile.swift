// Where `bench register` keeps its records: one file for each log, which grows by a record at a
// time and is synced before the record is acknowledged.

import Foundation
import Glibc
import Link
import Octets

/// Origin (16 bytes), first index (8, least significant first), the tree before it (32 bytes for
/// each bit of the index), then for each record its size (2, most significant first) and its sealed
/// bytes: what docs/examples/pay.c writes.
final class RecordFile {
  private(set) var origin: [UInt8]?
  /// The tree over all records.
  private(set) var tree = MerkleTree()
  /// One above the index of the last record.
  var held: UInt64 { tree.size }
  private var first: UInt64 = 0
  /// Where each record's sealed bytes begin in the file, and how many there are.
  private var places: [(offset: Int, count: Int)] = []
  private let path: String
  private var file: Int32

  init(_ path: String) throws {
    self.path = path
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw SystemFailure(path) }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else { throw SystemFailure("\(path): in use") }
    try read()
  }

  deinit { close(file) }

  private func read() throws {
    let content = try Data(contentsOf: URL(filePath: path))
    var end = 0
    if content.count >= 24 {
      origin = [UInt8](content[0..<16])
      first = content[16..<24].reversed().reduce(0) { $0 << 8 | UInt64($1) }
      end = 24 + first.nonzeroBitCount * Digest.size
      let peaks = [UInt8](content[24..<min(end, content.count)])
      guard let start = MerkleTree(size: first, peaks: peaks.span) else {
        throw SystemFailure("\(path): damaged", EBADMSG)
      }
      tree = start
      while content.count >= end + 2 {
        let count = Int(content[end]) << 8 | Int(content[end + 1])
        guard count <= LinkLimits.record, content.count >= end + 2 + count else { break }
        note([UInt8](content[(end + 2)..<(end + 2 + count)]), at: end + 2)
        end += 2 + count
      }
    }
    // A power cut may have left half a record: it was not acknowledged and comes again.
    guard ftruncate(file, off_t(end)) == 0, lseek(file, 0, SEEK_END) >= 0 else {
      throw SystemFailure(path)
    }
  }

  private func note(_ record: [UInt8], at offset: Int) {
    places.append((offset, record.count))
    tree.append(.leaf(record.span))
  }

  /// Record `index`; nil when it is not here.
  func record(_ index: UInt64) throws -> [UInt8]? {
    guard index >= first, index < held else { return nil }
    let (offset, count) = places[Int(index - first)]
    var bytes = [UInt8](repeating: 0, count: count)
    guard pread(file, &bytes, count, off_t(offset)) == count else { throw SystemFailure(path) }
    return bytes
  }

  /// Begins a log. That of another origin is kept beside it, under the origin's name.
  func begin(_ origin: [UInt8], start: MerkleTree) throws {
    if let old = self.origin {
      guard rename(path, "\(path).\(hexadecimal(old.prefix(4)))") == 0 else {
        throw SystemFailure(path)
      }
      close(file)
      file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      guard file >= 0, flock(file, LOCK_EX | LOCK_NB) == 0 else { throw SystemFailure(path) }
    }
    self.origin = origin
    tree = start
    first = start.size
    places = []
    var peaks = Bytes<1280>()
    try start.appendPeaks(to: &peaks)
    try append(
      origin + (0..<8).map { UInt8(truncatingIfNeeded: first >> (8 * $0)) }
        + (0..<peaks.count).map { peaks[$0] })
    try syncFolder()
  }

  /// Returns once the record would survive a power cut.
  func add(_ record: [UInt8]) throws {
    try append([UInt8(record.count >> 8), UInt8(record.count & 0xFF)] + record)
    note(record, at: Int(lseek(file, 0, SEEK_CUR)) - record.count)
  }

  private func append(_ bytes: [UInt8]) throws {
    guard write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else {
      throw SystemFailure(path)
    }
  }

  private func syncFolder() throws {
    let folder = open(URL(filePath: path).deletingLastPathComponent().path(), O_RDONLY)
    guard folder >= 0, fsync(folder) == 0 else { throw SystemFailure(path) }
    close(folder)
  }
}
