import Octets
import Testing

@testable import Link

/// What a receiver finds that takes parity, byte by byte.
private func repaired(_ stream: [UInt8]) -> (frames: [[UInt8]], counts: FrameCounts) {
  var decoder = RepairingDecoder()
  var frames: [[UInt8]] = []
  for byte in stream where decoder.feed(byte) {
    decoder.withContent { span in frames.append(span.indices.map { span[$0] }) }
  }
  return (frames, decoder.counts)
}

/// GF(256) as a table of powers of two, written apart from the product's.
private struct Field {
  var powers: [Int] = []
  var logs = [Int](repeating: 0, count: 256)

  init() {
    var value = 1
    for power in 0..<255 {
      powers.append(value)
      logs[value] = power
      value = value & 0x80 != 0 ? (value << 1 ^ 0x11D) : value << 1
    }
  }

  func product(_ first: Int, _ second: Int) -> Int {
    first == 0 || second == 0 ? 0 : powers[(logs[first] + logs[second]) % 255]
  }

  /// The value of a polynomial, its highest coefficient first.
  func value(_ polynomial: [UInt8], at point: Int) -> Int {
    polynomial.reduce(0) { product($0, point) ^ Int($1) }
  }
}

@Suite("Frames with parity")
struct ParityTests {
  private static let lengths = [1, 2, 100, 240, 241, 242, 243, 300, 480, 486, 487, 488, 600, 604]

  private static func content(_ length: Int, _ random: inout Seeded) -> [UInt8] {
    [4] + random.bytes(length - 1)
  }

  @Test("each codeword is zero at the generator's roots, and no byte of a frame is zero")
  func codewords() {
    let field = Field()
    var random = Seeded(state: 1)
    for length in Self.lengths {
      for _ in 0..<4 {
        let content = Self.content(length, &random)
        let plain = wire(content).dropFirst().dropLast()
        let frame = protectedWire(content)
        let between = Array(frame.dropFirst().dropLast())
        let words = (between.count + 254) / 255
        #expect(frame.first == 0 && frame.last == 0 && !between.contains(0))
        #expect(frame.count <= LinkLimits.frame)
        #expect(between.count == plain.count + 9 * words)
        #expect(between.starts(with: plain))
        for word in 0..<words {
          let codeword = stride(from: word, to: between.count, by: words).map { between[$0] }
          for root in 0..<8 { #expect(field.value(codeword, at: field.powers[root]) == 0) }
        }
      }
    }
  }

  @Test("a frame that would become too long stays as it is")
  func tooLong() {
    for length in [605, LinkLimits.content] {
      let content = [4] + [UInt8](repeating: 7, count: length - 1)
      #expect(protectedWire(content) == wire(content))
      #expect(repaired(wire(content)).frames == [content])
    }
  }

  @Test("what is whole comes back, with parity and without, one after the other")
  func whole() {
    var random = Seeded(state: 2)
    var stream: [UInt8] = []
    var sent: [[UInt8]] = []
    for length in Self.lengths + Self.lengths.shuffled(using: &random) {
      let content = Self.content(length, &random)
      sent.append(content)
      stream += Bool.random(using: &random) ? wire(content) : protectedWire(content)
      if Bool.random(using: &random) { stream += [0, 0] + random.bytes(9).filter { $0 != 0 } }
    }
    let found = repaired(stream)
    #expect(found.frames == sent)
    #expect(found.counts.repaired == 0)
  }

  @Test("every single wrong byte is put right, wherever it is", arguments: [1, 100, 300])
  func everyPlace(length: Int) {
    var random = Seeded(state: UInt64(length))
    let content = Self.content(length, &random)
    let frame = protectedWire(content)
    for place in 1..<(frame.count - 1) {
      for value in [1, frame[place] ^ 0x10] where value != 0 && value != frame[place] {
        var spoilt = frame
        spoilt[place] = value
        let found = repaired(spoilt)
        #expect(found.frames == [content], "byte \(place) of \(length)")
        #expect(found.counts.repaired == 1 && found.counts.noise == 0)
      }
    }
  }

  @Test("all pairs of wrong bytes of a short frame are put right")
  func everyPair() {
    let content: [UInt8] = [4, 1, 0, 2]
    let frame = protectedWire(content)
    for first in 1..<(frame.count - 2) {
      for second in (first + 1)..<(frame.count - 1) {
        var spoilt = frame
        spoilt[first] = frame[first] == 0x21 ? 0x22 : 0x21
        spoilt[second] = frame[second] == 0x84 ? 0x85 : 0x84
        #expect(repaired(spoilt).frames == [content], "bytes \(first) and \(second)")
      }
    }
  }

  /// The frame with so many bytes of each codeword changed, none to zero.
  private static func spoil(_ frame: [UInt8], each: Int, _ random: inout Seeded) -> [UInt8] {
    var spoilt = frame
    let size = frame.count - 2
    let words = (size + 254) / 255
    for word in 0..<words {
      let places = Array(stride(from: word, to: size, by: words)).shuffled(using: &random)
      for place in places.prefix(each) {
        let other = UInt8.random(in: 1...254, using: &random)
        spoilt[1 + place] = other < frame[1 + place] ? other : other + 1
      }
    }
    return spoilt
  }

  @Test("up to four wrong bytes of each codeword are put right", arguments: lengths)
  func manyErrors(length: Int) {
    var random = Seeded(state: UInt64(length))
    for errors in 1...4 {
      for _ in 0..<10 {
        let content = Self.content(length, &random)
        let found = repaired(Self.spoil(protectedWire(content), each: errors, &random))
        #expect(found.frames == [content], "\(errors) errors in \(length) bytes")
        #expect(found.counts.good == 1 && found.counts.repaired == 1)
      }
    }
  }

  @Test("eight bytes in a row are put right where a frame has two codewords")
  func burst() {
    var random = Seeded(state: 9)
    let content = Self.content(420, &random)
    let frame = protectedWire(content)
    for start in stride(from: 1, to: frame.count - 9, by: 3) {
      var spoilt = frame
      for place in start..<(start + 8) { spoilt[place] = frame[place] == 0xFF ? 0x7F : 0xFF }
      #expect(repaired(spoilt).frames == [content])
    }
  }

  @Test("more wrong bytes than that are never another content", arguments: [5, 6, 8, 20])
  func tooMany(errors: Int) {
    var random = Seeded(state: UInt64(errors))
    for length in [30, 200, 480] {
      for _ in 0..<60 {
        let content = Self.content(length, &random)
        let found = repaired(Self.spoil(protectedWire(content), each: errors, &random))
        #expect(found.frames.isEmpty)
        #expect(found.counts.noise == 1 && found.counts.repaired == 0)
      }
    }
  }

  @Test("a frame that a zero or a lost byte breaks is lost, the next one is found")
  func broken() {
    var random = Seeded(state: 3)
    let content = Self.content(420, &random)
    let frame = protectedWire(content)
    let next = protectedWire(Self.content(300, &random))
    for place in stride(from: 1, to: frame.count - 1, by: 7) {
      var cut = frame
      cut[place] = 0
      #expect(repaired(cut + next).frames.count == 1)
      cut.remove(at: place)
      #expect(repaired(cut + next).frames.count == 1)
    }
  }

  @Test("noise without zeros costs one attempt and is counted once")
  func noise() {
    var random = Seeded(state: 4)
    for length in [1, 8, 9, 10, 255, 256, 638, 639, 5_000] {
      let noise = random.bytes(length).map { $0 == 0 ? 1 : $0 }
      let found = repaired([0] + noise + [0])
      #expect(found.frames.isEmpty && found.counts.noise == 1, "\(length)")
    }
  }
}
