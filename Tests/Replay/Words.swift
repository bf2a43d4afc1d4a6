// Numbers in and out of text, without Foundation.

import Octets

/// A decimal number; nil when it is none.
func number(_ word: UnsafeMutablePointer<CChar>?) -> UInt64? {
  guard let word else { return nil }
  var value: UInt64 = 0
  var index = 0
  while word[index] != 0 {
    let digit = UInt8(bitPattern: word[index]) &- UInt8(ascii: "0")
    guard digit < 10, value < 1_000_000_000 else { return nil }
    value = value * 10 + UInt64(digit)
    index += 1
  }
  return index > 0 ? value : nil
}

/// `seed N` and a line feed, handed to `write`.
func title(_ seed: UInt64, _ write: (Span<UInt8>) -> Void) {
  var text = Bytes<32>()
  do throws(Overflow) {
    try text.append("seed ")
    var divisor: UInt64 = 1
    while seed / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      try text.append(UInt8(ascii: "0") + UInt8(seed / divisor % 10))
      divisor /= 10
    }
    try text.append("\n")
  } catch { preconditionFailure("ten digits at most") }
  text.withBytes(write)
}
