// Fuzzes the TLV reader: objects lie in the input, one behind the other, and written again are read
// again; a list of tags answers with as many bytes as it asks for.

import Contactless
import Octets

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: size))
  var offset = 0
  var last = 0
  do {
    while let object = try TLV.next(in: input.span, from: &offset) {
      precondition(object.value.lowerBound > last && object.value.upperBound == offset)
      last = object.value.lowerBound
      check(object, input)
    }
  } catch { precondition(offset <= input.count) }
  _ = TagList(input.span)
  _ = AIDList(input.span)
  return 0
}

private func check(_ object: TLV, _ input: [UInt8]) {
  var bytes = Bytes<4096>()
  let value = Array(input[object.value])
  guard (try? bytes.append(tag: object.tag, value: value.span)) != nil else { return }
  var offset = 0
  let found = bytes.withBytes { try? TLV.next(in: $0, from: &offset) }
  // A tag of leading zeros is padding, and a value is what it was.
  guard object.tag != 0 else { return }
  precondition(found?.tag == object.tag && found?.value.count == value.count)
}
