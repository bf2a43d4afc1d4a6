// Fuzzes the TR-31 reader: any text either is refused at an offset within it or holds a block that
// opens the same way again; and a block that was changed in one place never opens to another key.

import Octets
import Simulator
import Vault

private let protectionKey = [UInt8](0..<16)

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let text = Span(_unsafeElements: UnsafeBufferPointer(start: data, count: size))
  check(text, protectionKey: protectionKey.span)
  check(text, protectionKey: [UInt8](repeating: 0x41, count: 32).span)
  if size >= 2 { damage(place: Int(data[0]), by: data[1]) }
  return 0
}

private func check(_ text: Span<UInt8>, protectionKey: Span<UInt8>) {
  var key = InitialKey()
  do throws(KeyBlockError) {
    try key.open(text, protectionKey: protectionKey)
    // Nobody guesses a MAC.
    preconditionFailure("a block opened that nobody made")
  } catch {
    precondition(error.offset >= 0 && error.offset <= text.count)
    precondition(error.problem.explanation.utf8CodeUnitCount > 0)
    precondition(error.problem.remedy.utf8CodeUnitCount > 0)
    let isEmpty = key.serial == nil && key.checkValue == nil
    precondition(isEmpty)
  }
}

/// A good block with one character XORed.
private func damage(place: Int, by mask: UInt8) {
  let host = AcquirerHost.test(.tdes)
  let ksn: [UInt8] = [0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0, 0]
  let serial = KeySerialNumber(ksn.span, algorithm: .tdes)!
  let padding = [UInt8](repeating: 1, count: 16)
  var block = Bytes<512>()
  host.keyBlock(serial, protectionKey: protectionKey.span, padding: padding.span, into: &block)
  let index = place % block.count
  let before = block[index]
  block[index] ^= mask
  var key = InitialKey()
  do throws(KeyBlockError) {
    try block.withBytes { (block) throws(KeyBlockError) in
      try key.open(block, protectionKey: protectionKey.span)
    }
    // A hexadecimal digit in the other case is the same key.
    precondition(Hex.value(before) == Hex.value(block[index]))
    let found = key.serial
    precondition(found == serial)
  } catch { precondition(mask != 0) }
}
