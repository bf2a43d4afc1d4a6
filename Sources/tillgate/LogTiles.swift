// `tillgate log export --tiles DIR`: the log as files that any web server can serve and tlog
// clients read (C2SP tlog-tiles, c2sp.org): tiles of 256 hashes, bundles of 256 records, and a
// checkpoint.

import CLinux
import Journal
import Link
import LinuxBoard
import Octets

extension LogCommand {
  /// Hashes of a full tile, records of a full bundle.
  private static var width: UInt64 { 256 }

  mutating func exportTiles() throws(Failed) {
    guard log.oldest == 0 else {
      throw say("the first records were let go: their tiles cannot be made; export JSON instead")
    }
    let size = try chosenSize()
    var level = 0
    while size >> UInt64(8 * level) > 0 {
      let hashes = size >> UInt64(8 * level)
      for tile in 0..<((hashes + 255) / 256) {
        try writeTile(level, tile, count: min(hashes - tile * Self.width, Self.width))
      }
      level += 1
    }
    for bundle in 0..<((size + 255) / 256) {
      try writeBundle(bundle, count: min(size - bundle * Self.width, Self.width))
    }
    try writeCheckpoint(size)
  }

  private mutating func writeTile(_ level: Int, _ tile: UInt64, count: UInt64) throws(Failed) {
    let file = try create { (path) throws(Overflow) in
      try path.append(decimal: UInt64(level))
      try path.append(tile: tile, count: count)
    }
    defer { tg_close(file) }
    for place in 0..<count {
      let hash: Digest
      do throws(JournalError) {
        hash = try journal.node(log, level: 8 * level, tile * Self.width + place)
      } catch { throw say(error) }
      try hash.withBytes { (bytes) throws(Failed) in try write(bytes, to: file) }
    }
  }

  /// Each record behind its length, two bytes, most significant first.
  private mutating func writeBundle(_ bundle: UInt64, count: UInt64) throws(Failed) {
    let file = try create { (path) throws(Overflow) in
      try path.append("entries")
      try path.append(tile: bundle, count: count)
    }
    defer { tg_close(file) }
    var sealed = SealedRecord()
    for place in 0..<count {
      do throws(JournalError) {
        _ = try journal.read(bundle * Self.width + place, of: log, into: &sealed)
      } catch { throw say(error) }
      let length: [2 of UInt8] = [UInt8(sealed.count >> 8), UInt8(sealed.count & 0xFF)]
      try write(length.span, to: file)
      try sealed.withBytes { (bytes) throws(Failed) in try write(bytes, to: file) }
    }
  }

  private mutating func writeCheckpoint(_ size: UInt64) throws(Failed) {
    var text = CheckpointText()
    let root = try root(size)
    do {
      try Checkpoint.append(log.origin, size: size, root: root, key: key, to: &text)
    } catch { throw say("the text does not fit its buffer") }
    let file = try create(below: "/checkpoint") { (_) throws(Overflow) in }
    defer { tg_close(file) }
    try text.withBytes { (bytes) throws(Failed) in try write(bytes, to: file) }
  }

  private func create(
    below folder: StaticString = "/tile/",
    _ name: (inout Bytes<1024>) throws(Overflow) -> Void
  ) throws(Failed) -> Int32 {
    guard let tiles = options.tiles else { preconditionFailure("asked for by this option") }
    var path = Bytes<1024>()
    do throws(Overflow) {
      try path.append(text: tiles)
      try path.append(folder)
      try name(&path)
      try path.append(0)
    } catch { throw say("the folder's path is too long") }
    let file = path.withBytes { path in
      path.withUnsafeBufferPointer { tg_create_below($0.baseAddress!) }
    }
    guard file >= 0 else { throw say("a file of the export cannot be made") }
    return file
  }

  private func write(_ bytes: Span<UInt8>, to file: Int32) throws(Failed) {
    let count = bytes.withUnsafeBytes { tg_write(file, $0.baseAddress, $0.count) }
    guard count == bytes.count else { throw say("a file of the export cannot be written") }
  }
}

extension Bytes<1024> {
  /// Appends `/x001/x234/067` for tile 1234067, and `.p/W` when it is not full.
  fileprivate mutating func append(tile: UInt64, count: UInt64) throws(Overflow) {
    var divisor: UInt64 = 1
    while tile / divisor >= 1000 { divisor *= 1000 }
    while divisor > 0 {
      try append(divisor > 1 ? "/x" : "/")
      let part = tile / divisor % 1000
      if part < 100 { try append("0") }
      if part < 10 { try append("0") }
      try append(decimal: part)
      divisor /= 1000
    }
    if count < 256 {
      try append(".p/")
      try append(decimal: count)
    }
  }
}
