// Bits → characters → tracks, on recorded bits and on broken ones.

import Magstripe
import Octets
import Simulator
import Testing

/// Bits of `text` as a card has them, changed by `change`, read as `track`.
private func reading(
  _ text: String, _ track: StripeTrack = .two, zeros: Int = 20, after: Int = 20,
  isReversed: Bool = false, _ change: (inout [Bool]) -> Void = { _ in }
) -> (trace: StripeTrace, text: String) {
  var recorded = BitTrack()
  recorded.append(trackText(text), track: track, leadingZeros: zeros, trailingZeros: after)
  var list = (0..<recorded.count).map { recorded[$0] }
  change(&list)
  var bits = BitTrack()
  for bit in isReversed ? list.reversed() : list { bits.append(bit) }
  var read = TrackText()
  let trace = bits.decode(track, into: &read)
  return (trace, read.string)
}

@Suite("Bits of a track")
struct BitTrackTests {
  // Recorded with TTL heads, inverted, most significant bit first: the magstripe facts of this
  // project give them, from public captures of library cards.
  @Test(
    "Captures of real cards are read",
    arguments: [
      (
        [255, 255, 255, 151, 222, 246, 253, 190, 141, 247, 7, 127, 255, 255, 255, 255, 192], 130,
        ";0004048712?"
      ),
      (
        [255, 255, 255, 229, 243, 253, 235, 153, 239, 53, 192, 175, 255, 255, 240], 116,
        ";0100231132?"
      ),
    ] as [([UInt8], Int, String)])
  func realCapture(packed: [UInt8], count: Int, expected: String) {
    for isReversed in [false, true] {
      var recorded = BitTrack()
      let fits = recorded.append(packed: packed.span, bits: count, inverted: true)
      #expect(fits)
      var bits = BitTrack()
      for index in 0..<count { bits.append(recorded[isReversed ? count - 1 - index : index]) }
      var text = TrackText()
      let trace = bits.decode(.two, into: &text)
      #expect(trace.outcome == .good(isReversed ? .backward : .forward))
      #expect(text.string == expected)
      #expect(CardFields(.two, text) == nil)
    }
  }

  @Test(
    "Every track is read both ways", arguments: [StripeTrack.one, .two, .three], [false, true])
  func bothWays(track: StripeTrack, isReversed: Bool) throws {
    let text = [track1, track2, track3][Int(track.rawValue) - 1]
    let (trace, read) = reading(text, track, isReversed: isReversed)
    #expect(trace.outcome == .good(isReversed ? .backward : .forward))
    #expect(read == text)
    let frame = try #require(trace.frame)
    #expect(frame.characters == text.count)
    #expect(frame.bits.count == (text.count + 1) * track.bitsPerCharacter)
    #expect(frame.bits.lowerBound == 20)
    #expect(frame.checkFound == frame.checkExpected)
  }

  @Test("A check that reads as a start sentinel backwards does not mislead")
  func checkLooksLikeSentinel() {
    // The check with its parity must be 01011, the mirrored start sentinel: data bits 1010.
    var found = 0
    for number in 1000..<9999 {
      let text = ";\(number)00?"
      let check = text.utf8.reduce(UInt8(0)) { $0 ^ ($1 - 0x30) }
      guard StripeTrack.two.withParity(check) == 0b11010 else { continue }
      found += 1
      for isReversed in [false, true] {
        let (trace, read) = reading(text, isReversed: isReversed)
        #expect(trace.outcome == .good(isReversed ? .backward : .forward))
        #expect(read == text)
      }
    }
    #expect(found > 100)
  }

  @Test("One wrong bit anywhere in a track is noticed", arguments: [StripeTrack.one, .two])
  func everyBit(track: StripeTrack) {
    let text = track == .one ? track1 : track2
    let width = track.bitsPerCharacter
    for bit in 0..<(text.count + 1) * width {
      let (trace, read) = reading(text, track) { $0[20 + bit].toggle() }
      #expect(!trace.outcome.isGood)
      #expect(read.isEmpty)
      if bit >= width, bit < text.count * width {
        #expect(trace.outcome == .unreadable(.parity(character: UInt8(bit / width))))
      }
    }
  }

  @Test("Each fault has its reason")
  func reasons() {
    func outcome(
      _ text: String, zeros: Int = 20, _ change: (inout [Bool]) -> Void = { _ in }
    ) -> StripeOutcome {
      reading(text, zeros: zeros, change).trace.outcome
    }
    let end = 20 + track2.count * 5
    let wrongCheck = outcome(track2) { bits in
      bits[end - 8].toggle()
      bits[end - 9].toggle()
    }
    #expect(wrongCheck == .unreadable(.longitudinalCheck))
    let cutOff = outcome(track2) { bits in bits.removeSubrange((end - 5)...) }
    #expect(cutOff == .unreadable(.noEndSentinel(character: UInt8(track2.count - 1))))
    let noZeros = outcome(track2) { bits in bits.removeSubrange(..<20) }
    #expect(noZeros == .unreadable(.noStartSentinel))
    #expect(outcome(track2, zeros: 3) == .unreadable(.noStartSentinel))
    #expect(outcome(track2, zeros: 4) == .good(.forward))
    #expect(outcome(";123?") == .unreadable(.tooShort))
    #expect(outcome(";1234?") == .good(.forward))
    let trailing = outcome(track2) { bits in bits[end + 6].toggle() }
    #expect(trailing == .unreadable(.trailingBits))
    #expect(outcome(";" + String(repeating: "1", count: 37) + "?") == .good(.forward))
    #expect(outcome(";" + String(repeating: "1", count: 38) + "?") == .unreadable(.tooLong))
  }

  @Test("Zeros missing at the end of the check are made up, ones are not")
  func lostZeros() {
    var padded = 0
    for number in 1000..<1100 {
      let text = ";\(number)?"
      let check = StripeTrack.two.withParity(text.utf8.reduce(UInt8(0)) { $0 ^ ($1 - 0x30) })
      for lost in 1...4 {
        let (trace, _) = reading(text, after: 0) { $0.removeLast(lost) }
        let onlyZeros = check >> UInt8(5 - lost) == 0
        #expect(trace.outcome.isGood == onlyZeros)
        padded += onlyZeros ? 1 : 0
      }
    }
    #expect(padded > 20)
  }

  @Test("A wrong bit that makes an end sentinel of data does not cut a track short")
  func falseEnd() {
    // With an end sentinel at the sixth character, the seventh happens to be the check that fits.
    let whole = ";01864108498744546=355263917039440007498?"
    for position in 6..<whole.utf8.count - 2 {
      let (trace, text) = reading(whole) { bits in
        for bit in 0..<5 { bits[20 + position * 5 + bit] = true }
      }
      #expect(text == "", "position \(position)")
      #expect(!trace.outcome.isGood)
    }
  }

  @Test("Two tracks in one run of bits must be the same")
  func twoTracks() {
    func outcome(_ second: String) -> StripeOutcome {
      var bits = BitTrack()
      bits.append(trackText(track2), track: .two, leadingZeros: 20, trailingZeros: 10)
      bits.append(trackText(second), track: .two, leadingZeros: 10, trailingZeros: 10)
      var text = TrackText()
      return bits.decode(.two, into: &text).outcome
    }
    #expect(outcome(track2) == .good(.forward))
    #expect(outcome(";5555555555554444=30121010000000000?") == .unreadable(.conflict))
  }
}
