import Octets
import Testing

@testable import Contactless

@Suite("Frames of the PN532")
struct FrameTests {
  private func wire(_ content: [UInt8]) throws -> [UInt8] {
    var wire = PN532Wire()
    try PN532Frame.encode(content.span, into: &wire)
    return wire.array
  }

  private func found(_ stream: [UInt8]) -> [(PN532Receiver.Found, [UInt8])] {
    var receiver = PN532Receiver()
    var found: [(PN532Receiver.Found, [UInt8])] = []
    for byte in stream {
      guard let event = receiver.feed(byte) else { continue }
      let content = receiver.withContent { span in span.indices.map { span[$0] } }
      found.append((event, event == .answer ? content : []))
    }
    return found
  }

  @Test(
    "are written as libnfc and nfcpy write them",
    arguments: [
      ("1401", "0000ff03fdd414011700"), ("02", "0000ff02fed4022a00"),
      ("320100", "0000ff04fcd4320100f900"), ("3205ffffff", "0000ff06fad43205fffffff800"),
      ("4a0100", "0000ff04fcd44a0100e100"),
      ("4a010100ffff0100", "0000ff09f7d44a010100ffff0100e100"),
    ])
  func recorded(content: String, expected: String) throws {
    let frame = try wire(octets(content))
    #expect(frame == octets(expected))
    #expect(frame == PlainFrame.fromHost(octets(content)))
  }

  @Test("of more than 254 bytes are extended, as in nfcpy's diagnosis")
  func extended() throws {
    let content = [0x00, 0x00] + (0...255).map { UInt8($0) } + octets("0001020304 05")
    #expect(content.count == 264)
    let frame = try wire(content)
    #expect(hex(Array(frame.prefix(11))) == "0000FFFFFF0109F6D40000")
    #expect(hex(Array(frame.suffix(8))) == "0001020304059D00")
  }

  @Test("acknowledgements, errors and answers are found between garbage, a byte at a time")
  func stream() {
    let answer = PlainFrame.fromChip(octets("0332010607"))
    let stream =
      octets("00 55 AA FF 00") + ack + octets("00 00 00") + answer + nack
      + octets("0000FF01FF7F8100") + octets("12 00 FF 05") + ack + ack
    let events = found(stream)
    #expect(events.map(\.0) == [.ack, .answer, .nack, .syntaxError, .damaged, .ack, .ack])
    #expect(events[1].1 == octets("0332010607"))
  }

  @Test("every length comes back", arguments: [1, 2, 253, 254, 255, 256, 263, 264])
  func lengths(count: Int) {
    let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let events = found(PlainFrame.fromChip(content))
    #expect(events.map(\.0) == [.answer] && events[0].1 == content)
  }

  @Test("no changed or lost byte is taken for the same answer")
  func damage() {
    let frame = PlainFrame.fromChip(octets("4B010100042004081A2B3C0578807002"))
    let good = found(frame)[0].1
    for place in 2..<(frame.count - 1) {
      for flip in [1, 0x80, 0xFF] as [UInt8] {
        var bad = frame
        bad[place] ^= flip
        #expect(!found(bad).contains { $0.0 == .answer && $0.1 != good })
        #expect(found(bad + frame + frame).contains { $0.1 == good })
      }
      var short = frame
      short.remove(at: place)
      #expect(!found(short).contains { $0.0 == .answer && $0.1 != good })
    }
  }

  @Test("longer than any the chip has are refused")
  func tooLong() {
    #expect(found(octets("00FFFFFF010AF5")).map(\.0) == [.damaged])
    #expect(found(octets("00FFFFFFFFFF02")).map(\.0) == [.damaged])
    #expect(found(octets("00FFFFFF000000")).map(\.0) == [.damaged])
  }
}

/// Frames as the user manual draws them, written a second time.
enum PlainFrame {
  static func fromHost(_ content: [UInt8]) -> [UInt8] { make(0xD4, content) }
  static func fromChip(_ content: [UInt8]) -> [UInt8] { make(0xD5, content) }

  private static func make(_ direction: UInt8, _ content: [UInt8]) -> [UInt8] {
    let body = [direction] + content
    let (high, low) = (UInt8(body.count >> 8), UInt8(body.count & 0xFF))
    let head =
      body.count < 256
      ? [low, 0 &- low] : [0xFF, 0xFF, high, low, 0 &- (high &+ low)]
    return [0, 0, 0xFF] + head + body + [0 &- body.reduce(0, &+), 0]
  }
}
