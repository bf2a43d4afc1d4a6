// Fuzzes the frame decoders: each frame found in the input, encoded again, is found again; any
// content behind any garbage is found. With parity also when four bytes of each codeword, chosen
// by the input, are wrong.

import Link
import Octets

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: size))
  for content in frames(in: input) { precondition(frames(in: encoded(content)) == [content]) }
  let content = Array(input.prefix(LinkLimits.content))
  if !content.isEmpty {
    precondition(encoded(content).count <= LinkLimits.frame)
    precondition(frames(in: input + [0] + encoded(content)).last == content)
    precondition(repaired(input + [0] + encoded(content)).last == content)
    spoil(content, by: input)
  }
  for content in repaired(input) { precondition(repaired(encoded(content)) == [content]) }
  return 0
}

/// Sends `content` with parity over a line that changes bytes, as `choices` say where and how.
private func spoil(_ content: [UInt8], by choices: [UInt8]) {
  var wire = encoded(content, hasParity: true)
  precondition(wire.count <= LinkLimits.frame && !wire.dropFirst().dropLast().contains(0))
  precondition(repaired(choices + [0] + wire).last == content)
  guard wire.count > encoded(content).count else { return }
  let size = wire.count - 2
  let words = (size + 254) / 255
  var errors = [Int](repeating: 0, count: words)
  for (place, value) in zip(choices, choices.dropFirst()) {
    let at = Int(place) * 5 % size
    guard value != 0, errors[at % words] < 4 else { continue }
    errors[at % words] += 1
    wire[1 + at] = value
  }
  precondition(repaired(wire) == [content])
}

private func repaired(_ stream: [UInt8]) -> [[UInt8]] {
  var decoder = RepairingDecoder()
  var found: [[UInt8]] = []
  for byte in stream where decoder.feed(byte) {
    decoder.withContent { span in found.append(span.indices.map { span[$0] }) }
  }
  precondition(decoder.counts.good == UInt64(found.count))
  precondition(decoder.counts.repaired <= decoder.counts.good)
  return found
}

private func frames(in stream: [UInt8]) -> [[UInt8]] {
  var decoder = FrameDecoder()
  var found: [[UInt8]] = []
  for byte in stream where decoder.feed(byte) {
    decoder.withContent { span in found.append(span.indices.map { span[$0] }) }
  }
  precondition(decoder.counts.good == UInt64(found.count))
  return found
}

private func encoded(_ content: [UInt8], hasParity: Bool = false) -> [UInt8] {
  var frame = WireFrame()
  do { try encodeFrame(content.span, into: &frame) } catch { preconditionFailure("it fits") }
  if hasParity { protect(&frame) }
  return frame.withBytes { span in span.indices.map { span[$0] } }
}
