// From C's arguments to the module's types. Nothing that a caller hands over may trap: pointers are
// tried for null, counts for sense, texts for their length; structures may be older or newer than
// this library.

import CTillregister
import Link
import Octets

/// The sizes that structures had when they were first published: the least that is taken.
enum FirstSize {
  static var options: Int { 72 }
  static var payment: Int { 104 }
  static var report: Int { 32 }
  static var code: Int { 40 }
  static var event: Int { 152 }
  static var counts: Int { 88 }
  static var value: Int { 40 }
  static var pairing: Int { 48 }
  static var pairingEvent: Int { 16 }
}

/// Newer structures than this are none.
private let largestStructure = 4096

/// The size that the caller says his structure has.
private func statedSize<Structure>(
  _ pointer: UnsafePointer<Structure>?, atLeast least: Int
) throws(Fault) -> Int {
  guard let pointer else { throw Fault(TILLREGISTER_NULL) }
  let size = UnsafeRawPointer(pointer).load(as: Int.self)
  guard size >= least, size <= largestStructure else { throw Fault(TILLREGISTER_STRUCT_SIZE) }
  return size
}

/// Copies a caller's structure, whose first field is its size, over `known`, which is zero. What a
/// newer caller has behind the known fields must be zero.
func read<Structure>(
  _ pointer: UnsafePointer<Structure>?, atLeast least: Int, into known: inout Structure
) throws(Fault) {
  let size = try statedSize(pointer, atLeast: least)
  guard let source = UnsafeRawPointer(pointer) else { throw Fault(TILLREGISTER_NULL) }
  for offset in min(size, MemoryLayout<Structure>.size)..<size {
    guard source.load(fromByteOffset: offset, as: UInt8.self) == 0 else {
      throw Fault(TILLREGISTER_STRUCT_SIZE)
    }
  }
  withUnsafeMutableBytes(of: &known) { known in
    known.copyMemory(
      from: UnsafeRawBufferPointer(start: source, count: min(size, known.count)))
  }
}

/// Copies `known` into a caller's structure, as much as it has room for; its size stays.
func write<Structure>(
  _ known: inout Structure, atLeast least: Int, to pointer: UnsafeMutablePointer<Structure>?
) throws(Fault) {
  let size = try statedSize(UnsafePointer(pointer), atLeast: least)
  guard let target = UnsafeMutableRawPointer(pointer) else { throw Fault(TILLREGISTER_NULL) }
  let first = MemoryLayout<Int>.size
  withUnsafeBytes(of: &known) { known in
    let count = min(size, known.count)
    (target + first).copyMemory(from: known.baseAddress! + first, byteCount: count - first)
  }
}

/// Tries a structure to be written before anything is done.
func tryRoom<Structure>(
  _ pointer: UnsafeMutablePointer<Structure>?, atLeast least: Int
) throws(Fault) {
  _ = try statedSize(UnsafePointer(pointer), atLeast: least)
}

/// The caller's bytes. Null is no bytes.
func bytes(
  _ start: UnsafePointer<UInt8>?, _ count: Int
) throws(Fault) -> UnsafeBufferPointer<UInt8> {
  guard count >= 0 else { throw Fault(TILLREGISTER_SIZE) }
  guard start != nil || count == 0 else { throw Fault(TILLREGISTER_NULL) }
  return UnsafeBufferPointer(start: start, count: count)
}

/// Where the caller wants a frame, and its size, which is 0 until there is one.
func frameRoom(
  _ frame: UnsafeMutablePointer<UInt8>?, _ room: Int, _ count: UnsafeMutablePointer<Int>?
) throws(Fault) -> (frame: UnsafeMutablePointer<UInt8>, count: UnsafeMutablePointer<Int>) {
  guard let frame, let count else { throw Fault(TILLREGISTER_NULL) }
  count.pointee = 0
  guard room >= TILLREGISTER_FRAME else { throw Fault(TILLREGISTER_ROOM) }
  return (frame, count)
}

/// How many of `count` bytes the caller says were taken before.
func progress(
  _ taken: UnsafeMutablePointer<Int>?, of count: Int
) throws(Fault) -> UnsafeMutablePointer<Int> {
  guard let taken else { throw Fault(TILLREGISTER_NULL) }
  guard taken.pointee >= 0, taken.pointee <= count else { throw Fault(TILLREGISTER_SIZE) }
  return taken
}

/// A key of 32 bytes.
func key(_ start: UnsafePointer<UInt8>?) throws(Fault) -> Key {
  guard let start else { throw Fault(TILLREGISTER_NULL) }
  var key = Key()
  do { try key.append(Span(_unsafeElements: UnsafeBufferPointer(start: start, count: 32))) } catch {
    throw Fault(TILLREGISTER_KEY)
  }
  return key
}

/// The bytes of a text that must be there, without the zero behind it.
func string(
  _ start: UnsafePointer<CChar>?, atMost size: Int, else fault: Fault
) throws(Fault) -> UnsafeBufferPointer<UInt8> {
  guard let start else { throw fault }
  var count = 0
  while count <= size, start[count] != 0 { count += 1 }
  guard count > 0, count <= size else { throw fault }
  return UnsafeBufferPointer(
    start: UnsafeRawPointer(start).assumingMemoryBound(to: UInt8.self), count: count)
}

/// A text that must be there.
func text<let size: Int>(
  _ start: UnsafePointer<CChar>?, else fault: Fault
) throws(Fault) -> PrintableText<size> {
  let bytes = try string(start, atMost: size, else: fault)
  guard let found = PrintableText<size>(Span(_unsafeElements: bytes)) else { throw fault }
  return found
}

/// A text that is null or empty when there is none.
func textIfAny<let size: Int>(
  _ start: UnsafePointer<CChar>?, else fault: Fault
) throws(Fault) -> PrintableText<size>? {
  guard let start, start[0] != 0 else { return nil }
  return try text(start, else: fault)
}

func reference(_ start: UnsafePointer<CChar>?) throws(Fault) -> Reference {
  guard let start else { throw Fault(TILLREGISTER_NULL) }
  return try text(start, else: Fault(TILLREGISTER_REFERENCE))
}

/// Tries a message as the controller will: the same code reads it there.
func tried(_ message: RegisterMessage) throws(Fault) {
  try tried { (encoded) throws(Overflow) in try message.encode(into: &encoded) }
}

func tried(_ encode: (inout MessageBytes) throws(Overflow) -> Void) throws(Fault) {
  var encoded = MessageBytes()
  do { try encode(&encoded) } catch { throw Fault(TILLREGISTER_TEXT) }
  do throws(MessageError) {
    _ = try encoded.withBytes { (bytes) throws(MessageError) in
      try RegisterMessage(decoding: bytes)
    }
  } catch {
    switch error {
    case .missing(let key), .outOfRange(let key): throw .field(key)
    case .malformed: throw Fault(TILLREGISTER_TEXT)
    }
  }
}
