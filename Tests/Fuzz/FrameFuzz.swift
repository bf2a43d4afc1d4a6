// Fuzzes the frame decoder: each frame found in the input, encoded again, is found again; any
// content behind any garbage is found.

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
  }
  return 0
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

private func encoded(_ content: [UInt8]) -> [UInt8] {
  var frame = WireFrame()
  do { try encodeFrame(content.span, into: &frame) } catch { preconditionFailure("it fits") }
  return frame.withBytes { span in span.indices.map { span[$0] } }
}
