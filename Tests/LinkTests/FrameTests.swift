import Octets
import Testing

@testable import Link

@Suite("Frames on the register line")
struct FrameTests {
  @Test("a frame is what docs/PROTOCOL.md shows")
  func workedExample() {
    #expect(hex(wire(bytes("04 00 11 22 00 33"))) == "00020403112206335c66432400")
  }

  @Test(
    "every length and run of non-zero bytes comes back",
    arguments: [0, 1, 253, 254, 255, 508, 509, 627])
  func runs(length: Int) {
    for content in [
      [UInt8](repeating: 7, count: length + 1), [7] + [UInt8](repeating: 0, count: length),
      [7, 0] + [UInt8](repeating: 7, count: length), [UInt8](repeating: 7, count: length + 1) + [0],
    ] {
      let frame = wire(content)
      #expect(frame.count <= LinkLimits.frame)
      #expect(!frame.dropFirst().dropLast().contains(0))
      #expect(contents(frame).frames == [content])
    }
  }

  @Test("the longest content makes the longest frame, one byte more is refused")
  func limits() {
    let longest = [UInt8](repeating: 1, count: LinkLimits.content)
    #expect(wire(longest).count == LinkLimits.frame)
    #expect(contents(wire(longest)).frames == [longest])
    var frame = WireFrame()
    #expect(throws: Overflow.self) { try encodeFrame((longest + [1]).span, into: &frame) }
  }

  @Test("random contents come back through garbage, doubled zeros and one byte at a time")
  func stream() {
    var random = Seeded(state: 11)
    var stream: [UInt8] = []
    var sent: [[UInt8]] = []
    for _ in 0..<400 {
      let content = (0..<Int.random(in: 1...LinkLimits.content, using: &random)).map { _ in
        UInt8.random(in: 0...3, using: &random) * 85
      }
      sent.append(content)
      stream += wire(content)
      if Bool.random(using: &random) { stream += [0, 0] + random.bytes(9).filter { $0 != 0 } }
    }
    #expect(contents(stream).frames == sent)
  }

  @Test("noise is counted by its kind")
  func counts() {
    var flipped = wire([1, 2, 3])
    flipped[3] ^= 0x10
    #expect(contents(flipped).counts.badCRC == 1)
    #expect(contents([0, 9, 1, 2, 0]).counts.badCOBS == 1)
    #expect(contents([0, 5, 1, 2, 3, 4, 0]).counts.badCRC == 1)  // a checksum of nothing
    let long = [0] + [UInt8](repeating: 1, count: 700) + [0]
    #expect(contents(long + wire([5])).counts.oversize == 1)
    #expect(contents(long + wire([5])).frames == [[5]])
    #expect(contents([0, 0, 0, 0]).counts == FrameCounts())
  }

  @Test("no single flipped byte or lost byte is taken for a frame")
  func damage() {
    let content = (0..<100).map { UInt8($0) }
    let frame = wire(content)
    for place in 1..<(frame.count - 1) {
      for flip in [1, 0x80, 0xFF] as [UInt8] {
        var bad = frame
        bad[place] ^= flip
        #expect(!contents(bad).frames.contains(content))
        #expect(contents(bad).counts.good == 0)
      }
      var short = frame
      short.remove(at: place)
      #expect(contents(short).counts.good == 0)
    }
  }
}
