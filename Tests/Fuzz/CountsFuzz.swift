// Any bytes in the file of counts that the doctor reads: no trap, and only numbers of 18 digits.

import Doctor
import Octets

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: size))
  var facts = LinkFacts()
  facts.take(bytes.span)
  precondition(facts.frames < 1_000_000_000_000_000_000)
  facts.judge { _ in }
  return 0
}
