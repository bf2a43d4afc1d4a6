// One machine's disk in the simulated world: what was written and what would survive a power cut
// are two things. SQLite reaches it by `vfs`, small files by the calls here.

import CFaultDisk
import Octets

/// A name on a disk, with the NUL that C wants.
public typealias DiskName = StaticString

/// An operation that the disk refused, or did not live to finish; an errno.
public struct DiskError: Error, Equatable {
  public let errno: Int32
  public static var missing: DiskError { DiskError(errno: 2) }  // ENOENT
  /// What was read is not what was written.
  static var damaged: DiskError { DiskError(errno: 74) }  // EBADMSG
}

/// How a machine goes down.
public enum Outage: Sendable {
  /// The program is killed; what it wrote is there.
  case killed
  /// The power is cut; what was not durable is lost, kept or torn by chance.
  case powerCut
}

public struct FaultDisk: ~Copyable {
  private let disk: OpaquePointer

  public init(seed: UInt64) {
    guard let disk = tg_disk_new(seed) else { preconditionFailure("it ends the program itself") }
    self.disk = disk
  }

  deinit { tg_disk_free(disk) }

  /// Names this disk to SQLite.
  public var vfs: UnsafePointer<CChar> { tg_disk_vfs(disk) }

  // MARK: What goes wrong

  public func set(_ faults: DiskFaults) {
    var made = tg_disk_faults()
    made.failed_reads = Self.chance(faults.failedReads)
    made.failed_writes = Self.chance(faults.failedWrites)
    made.failed_syncs = Self.chance(faults.failedSyncs)
    made.failed_directory_syncs = Self.chance(faults.failedDirectorySyncs)
    made.short_reads = Self.chance(faults.shortReads)
    made.stalls = Self.chance(faults.stalls)
    made.stall_nanoseconds = UInt64(max(faults.longestStall.nanoseconds, 0))
    made.room = faults.room
    made.is_read_only = faults.isReadOnly ? 1 : 0
    made.ignores_sync = faults.ignoresSync ? 1 : 0
    made.ignores_directory_sync = faults.ignoresDirectorySync ? 1 : 0
    tg_disk_set_faults(disk, &made)
  }

  private static func chance(_ probability: Double) -> UInt32 {
    UInt32(min(max(probability, 0), 0.999_999_999) * 0x1p32)
  }

  /// Operations so far.
  public var operations: UInt64 { tg_disk_operations(disk) }
  /// Whether an outage struck: nothing works until `restart`.
  public var hasFailed: Bool { tg_disk_has_failed(disk) != 0 }
  /// The outage strikes within the operation after `operations` more.
  public func fail(after operations: UInt64) { tg_disk_fail_after(disk, operations) }
  public func fail() { tg_disk_fail(disk) }
  /// Comes back. No file may be open.
  public func restart(_ outage: Outage) {
    tg_disk_restart(disk, outage == .powerCut ? TG_POWER_CUT : TG_PROGRAM_KILLED)
  }

  /// The virtual time that operations have taken since this was last asked.
  public func takeElapsed() -> Interval {
    Interval(nanoseconds: Int64(clamping: tg_disk_take_nanoseconds(disk)))
  }

  // MARK: Files

  public func create(_ name: DiskName) throws(DiskError) {
    try check(Int(tg_disk_create(disk, name.utf8Start)))
  }

  public func append(_ bytes: Span<UInt8>, to name: DiskName) throws(DiskError) {
    try check(
      bytes.withUnsafeBytes { tg_disk_append(disk, name.utf8Start, $0.baseAddress, $0.count) })
  }

  public func sync(_ name: DiskName) throws(DiskError) {
    try check(Int(tg_disk_sync(disk, name.utf8Start)))
  }

  public func rename(_ name: DiskName, to other: DiskName) throws(DiskError) {
    try check(Int(tg_disk_rename(disk, name.utf8Start, other.utf8Start)))
  }

  public func remove(_ name: DiskName) throws(DiskError) {
    try check(Int(tg_disk_remove(disk, name.utf8Start)))
  }

  public func syncDirectory() throws(DiskError) { try check(Int(tg_disk_sync_directory(disk))) }

  public func size(of name: DiskName) throws(DiskError) -> UInt64 {
    let size = tg_disk_size(disk, name.utf8Start)
    try check(Int(size))
    return UInt64(size)
  }

  /// Adds the file's bytes from `offset` on, until its end or until `content` is full.
  public func read<let limit: Int>(
    _ name: DiskName, from offset: UInt64 = 0, into content: inout Bytes<limit>
  ) throws(DiskError) {
    var place = offset
    while content.room > 0 {
      var count = 0
      content.appendFilling { free in
        free.withUnsafeMutableBytes {
          count = tg_disk_read(disk, name.utf8Start, place, $0.baseAddress, $0.count)
        }
        return max(count, 0)
      }
      try check(count)
      if count == 0 { return }
      place += UInt64(count)
    }
  }

  /// Whether the bytes stand in any file, or in what a power cut may bring back of one.
  public func holds(_ bytes: Span<UInt8>) -> Bool {
    bytes.withUnsafeBytes { tg_disk_holds(disk, $0.baseAddress, $0.count) != 0 }
  }

  private func check(_ result: Int) throws(DiskError) {
    guard result >= 0 else { throw DiskError(errno: Int32(truncatingIfNeeded: -result)) }
  }
}

extension FaultDisk {
  /// Replaces a small file as `LinuxBoard.StateDirectory.replace` does, step by step: a new file is
  /// written and synced, takes the old one's name, and the directory is synced.
  public func replace(
    _ name: DiskName, by content: Span<UInt8>, through new: DiskName
  ) throws(DiskError) {
    do throws(DiskError) { try remove(new) } catch {
      guard error == .missing else { throw error }
    }
    do throws(DiskError) {
      try create(new)
      try append(content, to: new)
      try sync(new)
      try rename(new, to: name)
    } catch {
      do throws(DiskError) { try remove(new) } catch {}
      throw error
    }
    try syncDirectory()
  }
}
