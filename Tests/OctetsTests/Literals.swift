// Bytes for tests, written as hexadecimal text.

import Octets

func octets(_ hex: String) -> [UInt8] {
  var bytes = Bytes<2048>()
  let digits = Array(hex.utf8.filter { $0 != UInt8(ascii: " ") })
  do { try Hex.decode(digits.span, into: &bytes) } catch { fatalError("\(hex): \(error)") }
  return content(bytes)
}

func content<let capacity: Int>(_ bytes: borrowing Bytes<capacity>) -> [UInt8] {
  (0..<bytes.count).map { bytes[$0] }
}
