// Bytes written as hexadecimal text, for the tables of these tests.

import Octets
import Vault

func hex(_ text: String) -> [UInt8] {
  var bytes: [UInt8] = []
  var high: UInt8?
  for digit in text.utf8 where digit != UInt8(ascii: " ") {
    guard let value = Hex.value(digit) else { preconditionFailure("a table's digit: \(text)") }
    if let left = high {
      bytes.append(left << 4 | value)
      high = nil
    } else {
      high = value
    }
  }
  precondition(high == nil, "a table's bytes are whole: \(text)")
  return bytes
}

func hex(_ bytes: [UInt8]) -> String {
  var text = ""
  for byte in bytes {
    for nibble in [byte >> 4, byte & 0xF] {
      text.unicodeScalars.append(Unicode.Scalar(Hex.digit(nibble)))
    }
  }
  return text
}

func hex(_ serial: KeySerialNumber) -> String { serial.withBytes { hex(array($0)) } }

func array(_ bytes: Span<UInt8>) -> [UInt8] { bytes.indices.map { bytes[$0] } }

extension Bytes {
  /// A copy of the content, to compare.
  var array: [UInt8] { withBytes { span in span.indices.map { span[$0] } } }

  init(_ bytes: [UInt8]) {
    self.init()
    set(bytes.span)
  }
}

extension KeySerialNumber {
  init(hex text: String, _ algorithm: KeyAlgorithm) {
    self.init(hex(text).span, algorithm: algorithm)!
  }
}

/// SplitMix64: seeded, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}
