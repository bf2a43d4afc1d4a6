// Any bytes through the CBOR reader: no trap, no item that is the beginning of another, and what it
// takes at the top level is what the writer writes.

import Octets

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: size))
  guard let end = itemEnd(bytes) else { return 0 }
  precondition(end > 0 && end <= size)
  for length in 0..<end {
    precondition(itemEnd(Array(bytes[..<length])) == nil, "a part of an item was taken for one")
  }
  precondition(itemEnd(Array(bytes[..<end]) + [0]) == end, "what follows an item changed it")
  if let rewritten = rewriting(bytes) {
    precondition(rewritten == Array(bytes[..<end]), "two encodings of one value")
  }
  return 0
}

/// Where the first item ends, or nil when there is none.
private func itemEnd(_ bytes: [UInt8]) -> Int? {
  var reader = CBORReader(bytes.span)
  do { try reader.skip() } catch { return nil }
  return reader.offset
}

/// The first item as the writer writes it; nil for arrays, maps and tags.
private func rewriting(_ bytes: [UInt8]) -> [UInt8]? {
  var reader = CBORReader(bytes.span)
  var written = Bytes<4096>()
  do {
    switch bytes[0] >> 5 {
    case 0: try written.appendCBOR(unsigned: try reader.unsigned())
    case 1: try written.appendCBOR(integer: try reader.integer())
    case 2: try written.appendCBOR(bytes: try reader.bytes(atMost: 4000))
    case 3: try written.appendCBOR(text: try reader.text(atMost: 4000))
    case 7: try written.appendCBOR(bool: try reader.bool())
    default: return nil
    }
  } catch { return nil }
  return (0..<written.count).map { written[$0] }
}
