// Small files on a real file system: limits, privacy, replacement and the directory's lock.

import Foundation
import LinuxBoard
import Octets
import Testing

/// A directory that goes with the test.
private final class Scratch {
  let path: String

  init() {
    path = NSTemporaryDirectory() + "tillgate-files-\(UUID().uuidString)"
    try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ content: [UInt8], mode: Int) {
    let isMade = FileManager.default.createFile(
      atPath: path + "/" + name, contents: Data(content), attributes: [.posixPermissions: mode])
    precondition(isMade, "the scratch directory takes files")
  }

  func mode(_ name: String) -> Int? {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path + "/" + name)
    return (attributes?[.posixPermissions] as? NSNumber)?.intValue
  }
}

private func open(
  _ path: String, creating: Bool = true, locking: Bool = false
) throws(FileError) -> StateDirectory {
  let copy = strdup(path)!
  defer { free(copy) }
  let bytes = UnsafeRawPointer(copy).assumingMemoryBound(to: UInt8.self)
  return try StateDirectory(bytes, creating: creating, locking: locking)
}

private func read(_ path: String, _ privacy: FilePrivacy) throws(FileError) -> [UInt8] {
  let path = Array(path.utf8) + [0]
  var content = Bytes<16>()
  try path.withUnsafeBufferPointer { (path) throws(FileError) in
    try Files.read(path.baseAddress!, privacy, into: &content)
  }
  return content.withBytes { bytes in bytes.indices.map { bytes[$0] } }
}

@Suite("Small files")
struct FilesTests {
  @Test("A file is read up to the limit, and not beyond")
  func limit() throws {
    let scratch = Scratch()
    for size in [0, 1, 15, 16] {
      let content = (0..<size).map { UInt8($0) }
      scratch.write("f", content, mode: 0o644)
      #expect(try read(scratch.path + "/f", .open) == content)
    }
    scratch.write("f", [UInt8](repeating: 1, count: 17), mode: 0o644)
    #expect(throws: FileError.tooLarge) { try read(scratch.path + "/f", .open) }
  }

  @Test("A secret that others may read is refused", arguments: [0o640, 0o604, 0o620, 0o601, 0o777])
  func privacy(mode: Int) throws {
    let scratch = Scratch()
    scratch.write("f", [1], mode: mode)
    #expect(throws: FileError.readableByOthers(mode: UInt32(mode))) {
      try read(scratch.path + "/f", .secret)
    }
    #expect(try read(scratch.path + "/f", .open) == [1])
  }

  @Test("What is no regular file is refused with the kernel's reason")
  func kinds() {
    let scratch = Scratch()
    #expect(throws: FileError.system(.open, errno: ENOENT)) {
      try read(scratch.path + "/f", .open)
    }
    #expect(throws: FileError.system(.open, errno: EISDIR)) { try read(scratch.path, .open) }
    #expect(throws: FileError.system(.open, errno: EINVAL)) { try read("/dev/zero", .open) }
    mkfifo(scratch.path + "/fifo", 0o600)
    #expect(throws: FileError.system(.open, errno: EINVAL)) {
      try read(scratch.path + "/fifo", .open)
    }
  }

  @Test("A replacement is private, whole, and leaves nothing behind")
  func replace() throws {
    let scratch = Scratch()
    // One left behind by a power cut, which others could read.
    scratch.write("state.new", [9, 9, 9], mode: 0o644)
    let directory = try open(scratch.path)
    for content in [[1, 2, 3], [], [UInt8](repeating: 7, count: 16)] as [[UInt8]] {
      try directory.replace("state", by: content.span)
      var back = Bytes<16>()
      try directory.read("state", .secret, into: &back)
      let bytes = back.withBytes { bytes in bytes.indices.map { bytes[$0] } }
      #expect(bytes == content)
      #expect(scratch.mode("state") == 0o600)
      #expect(scratch.mode("state.new") == nil)
    }
  }

  @Test("A replacement that cannot be written leaves the old file")
  func replaceFails() throws {
    let scratch = Scratch()
    let directory = try open(scratch.path)
    try directory.replace("state", by: [1].span)
    try FileManager.default.createDirectory(
      atPath: scratch.path + "/state.new", withIntermediateDirectories: true)
    #expect(throws: FileError.system(.open, errno: EEXIST)) {
      try directory.replace("state", by: [2].span)
    }
    #expect(try read(scratch.path + "/state", .secret) == [1])
  }

  @Test("A directory is made private, and one that others may write in is refused")
  func directories() throws {
    let scratch = Scratch()
    _ = try open(scratch.path + "/made")
    #expect(scratch.mode("made") == 0o700)
    chmod(scratch.path + "/made", 0o770)
    #expect(throws: FileError.writableByOthers(mode: 0o770)) {
      _ = try open(scratch.path + "/made")
    }
    #expect(throws: FileError.system(.open, errno: ENOENT)) {
      _ = try open(scratch.path + "/missing", creating: false)
    }
  }

  @Test("A locked directory is refused to a second owner until the first is gone")
  func lock() throws {
    let scratch = Scratch()
    do {
      let first = try open(scratch.path, locking: true)
      #expect(throws: FileError.busy) { _ = try open(scratch.path, locking: true) }
      _ = try open(scratch.path, locking: false)
      try first.replace("state", by: [1].span)
    }
    _ = try open(scratch.path, locking: true)
  }

  @Test(
    "What root leaves in the service's directory is the service's", .enabled(if: geteuid() == 0))
  func owner() throws {
    let scratch = Scratch()
    #expect(chown(scratch.path, 4321, 4322) == 0)
    let directory = try open(scratch.path)
    try directory.replace("note", by: [1].span)
    let attributes = try FileManager.default.attributesOfItem(atPath: scratch.path + "/note")
    #expect(attributes[.ownerAccountID] as? Int == 4321)
    #expect(attributes[.groupOwnerAccountID] as? Int == 4322)
    #expect(scratch.mode("note") == 0o600)
  }
}
