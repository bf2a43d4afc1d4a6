// Where `bench register` keeps its records: one file for each log, which grows by a record at a
// time and is synced before the record is acknowledged.

import Foundation
import Glibc

/// Origin (16 bytes), first index (8, least significant first), then for each record its size
/// (2, most significant first) and its sealed bytes: what examples/pay.c writes.
final class RecordFile {
  private(set) var origin: [UInt8]?
  /// One above the index of the last record.
  private(set) var held: UInt64 = 0
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
      held = content[16..<24].reversed().reduce(0) { $0 << 8 | UInt64($1) }
      end = 24
      while content.count >= end + 2 {
        let next = end + 2 + (Int(content[end]) << 8 | Int(content[end + 1]))
        guard content.count >= next else { break }
        end = next
        held += 1
      }
    }
    // A power cut may have left half a record: it was not acknowledged and comes again.
    guard ftruncate(file, off_t(end)) == 0, lseek(file, 0, SEEK_END) >= 0 else {
      throw SystemFailure(path)
    }
  }

  /// Begins a log. That of another origin is kept beside it, under the origin's name.
  func begin(_ origin: [UInt8], first: UInt64) throws {
    if let old = self.origin {
      guard rename(path, "\(path).\(hexadecimal(old.prefix(4)))") == 0 else {
        throw SystemFailure(path)
      }
      close(file)
      file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      guard file >= 0, flock(file, LOCK_EX | LOCK_NB) == 0 else { throw SystemFailure(path) }
    }
    self.origin = origin
    held = first
    try append(origin + (0..<8).map { UInt8(truncatingIfNeeded: first >> (8 * $0)) })
    try syncFolder()
  }

  /// Returns once the record would survive a power cut.
  func add(_ record: [UInt8]) throws {
    try append([UInt8(record.count >> 8), UInt8(record.count & 0xFF)] + record)
    held += 1
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
