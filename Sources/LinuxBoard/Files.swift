// Small files: read whole within a limit, replaced so that a power cut leaves either the old or the
// new content, and secret ones only when nobody else can read them.

import CLinux
import Octets

/// Why a file operation failed.
public enum FileError: Error, Equatable {
  /// The kernel refused `step`; the number is an errno.
  case system(FileStep, errno: Int32)
  /// More bytes than the reader's limit.
  case tooLarge
  /// A secret that its group or others may read; these are its permission bits.
  case readableByOthers(mode: UInt32)
  /// A directory for secrets in which its group or others may write.
  case writableByOthers(mode: UInt32)
  /// Another process has taken the directory.
  case busy

  /// Whether there simply is no such file.
  public var isMissing: Bool {
    if case .system(.open, errno: 2) = self { true } else { false }  // ENOENT
  }
}

public enum FileStep: Equatable, Sendable {
  case open
  case lock
  case read
  case write
  case sync
  case rename
}

/// Who may read a file.
public enum FilePrivacy: Sendable {
  case open
  /// Refused when its group or others have any permission.
  case secret
}

public enum Files {
  /// Replaces `content` by the file at the NUL-terminated `path`.
  public static func read<let limit: Int>(
    _ path: UnsafePointer<UInt8>, _ privacy: FilePrivacy, into content: inout Bytes<limit>
  ) throws(FileError) {
    try read(below: -1, path, privacy, into: &content)
  }

  fileprivate static func read<let limit: Int>(
    below directory: Int32, _ name: UnsafePointer<UInt8>, _ privacy: FilePrivacy,
    into content: inout Bytes<limit>
  ) throws(FileError) {
    content.wipe()
    var mode: UInt32 = 0
    let file = try check(tg_open_file(directory, name, &mode), .open)
    defer { tg_close(file) }
    if privacy == .secret, mode & 0o077 != 0 { throw .readableByOthers(mode: mode) }
    do throws(FileError) { try readAll(file, into: &content) } catch {
      content.wipe()
      throw error
    }
  }

  private static func readAll<let limit: Int>(
    _ file: Int32, into content: inout Bytes<limit>
  ) throws(FileError) {
    while content.room > 0 {
      var count = 0
      content.appendFilling { free in
        free.withUnsafeMutableBytes { count = tg_read(file, $0.baseAddress, $0.count) }
        return max(count, 0)
      }
      if count < 0 { throw .system(.read, errno: Int32(truncatingIfNeeded: -count)) }
      if count == 0 { return }
    }
    var beyond: UInt8 = 0
    let more = tg_read(file, &beyond, 1)
    if more > 0 { throw .tooLarge }
    if more < 0 { throw .system(.read, errno: Int32(truncatingIfNeeded: -more)) }
  }

  fileprivate static func check(_ value: Int32, _ step: FileStep) throws(FileError) -> Int32 {
    guard value >= 0 else { throw .system(step, errno: -value) }
    return value
  }
}

/// A directory of secrets that one process at a time works in. Open until the end of its life.
public struct StateDirectory: ~Copyable {
  private let descriptor: Int32

  /// Opens the directory at the NUL-terminated `path`; with `creating`, makes it (mode 0700) when
  /// it is missing. With `locking` no other process may have it locked; the lock ends with this
  /// value.
  public init(
    _ path: UnsafePointer<UInt8>, creating: Bool, locking: Bool
  ) throws(FileError) {
    let descriptor = try Files.check(tg_open_directory(path, creating ? 1 : 0), .open)
    do throws(FileError) {
      let mode = tg_directory_mode(descriptor)
      if mode & 0o022 != 0 { throw .writableByOthers(mode: mode) }
      if locking { try Self.lock(descriptor) }
    } catch {
      tg_close(descriptor)
      throw error
    }
    self.descriptor = descriptor
  }

  deinit { tg_close(descriptor) }

  private static func lock(_ descriptor: Int32) throws(FileError) {
    let result = tg_lock_directory(descriptor)
    if result == -11 { throw .busy }  // EWOULDBLOCK
    _ = try Files.check(result, .lock)
  }

  /// Replaces `content` by the file `name` of this directory.
  public func read<let limit: Int>(
    _ name: StaticString, _ privacy: FilePrivacy, into content: inout Bytes<limit>
  ) throws(FileError) {
    try Files.read(below: descriptor, name.utf8Start, privacy, into: &content)
  }

  /// Makes the names in the directory durable.
  public func sync() throws(FileError) { _ = try Files.check(tg_sync(descriptor), .sync) }

  /// Writes `content` as the file `name`, mode 0600. When this returns, the new content would
  /// survive a power cut; when it throws, or the power goes, the file is the old one or the new
  /// one, whole.
  public func replace(_ name: StaticString, by content: Span<UInt8>) throws(FileError) {
    do throws(FileError) {
      try writeReplacement(name, content)
      _ = try Files.check(tg_rename_replacement(descriptor, name.utf8Start), .rename)
    } catch {
      _ = tg_remove_replacement(descriptor, name.utf8Start)
      throw error
    }
    // The rename itself is on the disk only when the directory is.
    _ = try Files.check(tg_sync(descriptor), .sync)
  }

  /// Removes the file `name`, if it is there. Not durable: for notes that a power cut may revive.
  public func remove(_ name: StaticString) { _ = tg_remove_file(descriptor, name.utf8Start) }

  private func writeReplacement(
    _ name: StaticString, _ content: Span<UInt8>
  ) throws(FileError) {
    let file = try Files.check(tg_open_replacement(descriptor, name.utf8Start), .open)
    defer { tg_close(file) }
    var written = 0
    while written < content.count {
      let rest = content.extracting(written..<content.count)
      let count = rest.withUnsafeBytes { tg_write(file, $0.baseAddress, $0.count) }
      if count == -4 { continue }  // EINTR
      guard count > 0 else { throw .system(.write, errno: Int32(truncatingIfNeeded: -count)) }
      written += count
    }
    _ = try Files.check(tg_sync(file), .sync)
  }
}

extension Line {
  /// What went wrong, as the end of a sentence.
  public mutating func add(_ error: FileError) {
    switch error {
    case .system(.open, errno: 2): add("does not exist")  // ENOENT
    case .system(.open, errno: 21), .system(.open, errno: 22):  // EISDIR, EINVAL
      add("is no regular file")
    case .system(let step, let errno):
      add(step.words)
      add(": ")
      add(text: tg_error_text(errno))
    case .tooLarge: add("is larger than such a file can be")
    case .readableByOthers(let mode):
      add("can be read by others (mode ")
      add(octal: mode)
      add("); make it private with: chmod 600")
    case .writableByOthers(let mode):
      add("can be written by others (mode ")
      add(octal: mode)
      add("); make it private with: chmod 700")
    case .busy: add("is in use by another tillgate; stop it first")
    }
  }

  private mutating func add(octal mode: UInt32) {
    for place in stride(from: 9, through: 0, by: -3) { add(mode >> UInt32(place) & 7) }
  }

  /// NUL-terminated text from C.
  public mutating func add(text: UnsafePointer<CChar>?) {
    guard let text else { return }
    var length = 0
    while text[length] != 0 { length += 1 }
    text.withMemoryRebound(to: UInt8.self, capacity: length) {
      add(Span(_unsafeElements: UnsafeBufferPointer(start: $0, count: length)))
    }
  }
}

extension FileStep {
  fileprivate var words: StaticString {
    switch self {
    case .open: "cannot be opened"
    case .lock: "cannot be locked"
    case .read: "cannot be read"
    case .write: "cannot be written"
    case .sync: "cannot be made durable"
    case .rename: "cannot be renamed"
    }
  }
}
