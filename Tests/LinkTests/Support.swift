// What the link's suites share: hexadecimal, keys, seeded bytes.

import Octets

@testable import Link

func bytes(_ hex: String) -> [UInt8] {
  var digits = hex.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\n") }[...]
  var bytes: [UInt8] = []
  while let high = digits.popFirst(), let low = digits.popFirst() {
    bytes.append(Hex.value(high)! << 4 | Hex.value(low)!)
  }
  return bytes
}

func hex(_ bytes: [UInt8]) -> String {
  bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}

extension Bytes {
  init(_ array: [UInt8]) {
    self.init()
    try! append(array.span)
  }

  var array: [UInt8] { withBytes { span in span.indices.map { span[$0] } } }
}

/// SplitMix64.
struct Seeded: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
  }
}

func at(_ milliseconds: Int64) -> Instant {
  Instant(nanoseconds: 1_000_000_000) + .milliseconds(milliseconds)
}

/// Contents of all good frames in `stream`.
func contents(_ stream: [UInt8]) -> (frames: [[UInt8]], counts: FrameCounts) {
  var decoder = FrameDecoder()
  var frames: [[UInt8]] = []
  for byte in stream where decoder.feed(byte) {
    decoder.withContent { span in frames.append(span.indices.map { span[$0] }) }
  }
  return (frames, decoder.counts)
}

func wire(_ content: [UInt8]) -> [UInt8] {
  var frame = WireFrame()
  try! encodeFrame(content.span, into: &frame)
  return frame.array
}

/// A frame with parity, as it goes over the line.
func protectedWire(_ content: [UInt8]) -> [UInt8] {
  var frame = WireFrame()
  try! encodeFrame(content.span, into: &frame)
  protect(&frame)
  return frame.array
}
