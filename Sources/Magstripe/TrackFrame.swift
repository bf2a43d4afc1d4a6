// Bits → characters → a track: sentinels, parity, longitudinal check, length.

import Octets

/// One attempt to read a track out of bits.
struct TrackFrame: BitwiseCopyable {
  /// Nil if every check passed.
  var fault: StripeFault?
  var direction = StripeDirection.forward
  /// The bit the start sentinel begins at, counted in the direction of reading.
  var start = 0
  /// Characters with good parity, start sentinel first.
  var characters = 0
  /// The bit after the last one that was looked at.
  var end = 0
  /// Data bits of the longitudinal check: what the characters add up to, and what the card says.
  var checkExpected: UInt8 = 0
  var checkFound: UInt8?

  /// Zeros directly before the start sentinel.
  var zeros = 0

  /// Whether this attempt tells more than `other`: a good one, or else one with a run of zeros
  /// before it that data does not have, or else the one that got further.
  func isBetter(than other: TrackFrame) -> Bool {
    if (fault == nil) != (other.fault == nil) { return fault == nil }
    let (mine, others) = (min(zeros, 16), min(other.zeros, 16))
    return mine == others ? characters > other.characters : mine > others
  }
}

/// Reads one run of bits in one direction.
struct FrameReader: ~Copyable {
  let track: StripeTrack
  let direction: StripeDirection
  /// Whether the first bit to be read is where the signal begins, rather than where a clock was
  /// found: then there may be fewer zeros.
  let beginsWithSignal: Bool
  /// Whether the last one is where the signal ends, rather than where the clock was lost: then
  /// there may be fewer zeros, and a track read backwards may have lost some of its check.
  let endsWithSignal: Bool
  private var zeros = 0
  private var position = 0
  private var tried = 0

  init(
    track: StripeTrack, direction: StripeDirection, beginsWithSignal: Bool, endsWithSignal: Bool
  ) {
    self.track = track
    self.direction = direction
    self.beginsWithSignal = beginsWithSignal
    self.endsWithSignal = endsWithSignal
  }

  private func bit(_ bits: borrowing BitRow, _ index: Int) -> Bool {
    direction == .forward ? bits[index] : bits[bits.count - 1 - index]
  }

  /// The character at `index`, or nil if the bits end before it does.
  private func character(_ bits: borrowing BitRow, at index: Int) -> UInt8? {
    let width = track.bitsPerCharacter
    guard index + width <= bits.count else { return nil }
    var value: UInt8 = 0
    for offset in 0..<width where bit(bits, index + offset) { value |= 1 &<< UInt8(offset) }
    return value
  }

  /// The end sentinel read the wrong way round. What looks like a start sentinel before it is a
  /// longitudinal check.
  private var mirroredEndSentinel: UInt8 { track == .one ? 0b111_1100 : 0b1_1111 }

  /// The next frame that starts with zeros and a start sentinel, nil when there is none. `text`
  /// gets its characters as far as they are good.
  mutating func next(
    _ bits: borrowing BitRow, _ doubts: borrowing BitRow, into text: inout TrackText
  ) -> TrackFrame? {
    let sentinel = track.withParity(track.startSentinel)
    while position < bits.count {
      let here = position
      guard bit(bits, here) else {
        zeros += 1
        position += 1
        continue
      }
      let zerosBefore = zeros
      zeros = 0
      position += 1
      guard isClear(zerosBefore, here), tried < StripeLimit.sentinels,
        character(bits, at: here) == sentinel,
        character(bits, at: here + track.bitsPerCharacter) != mirroredEndSentinel
      else { continue }
      tried += 1
      var frame = read(bits, from: here, into: &text)
      frame.zeros = zerosBefore
      if frame.fault == nil {
        position = frame.end
        settle(doubts, &frame)
      }
      return frame
    }
    return nil
  }

  /// Whether so many zeros before the start sentinel at `start` are enough.
  private func isClear(_ zeros: Int, _ start: Int) -> Bool {
    if beginsWithSignal, zeros == start { return zeros >= StripeLimit.zerosAtStart }
    return zeros >= StripeLimit.zeros
  }

  private func read(
    _ bits: borrowing BitRow, from start: Int, into text: inout TrackText
  ) -> TrackFrame {
    let width = track.bitsPerCharacter
    let dataMask: UInt8 = 1 &<< UInt8(width - 1) &- 1
    var frame = TrackFrame(direction: direction, start: start, end: start)
    text.removeAll()
    // The longitudinal check itself is one of the track's characters.
    while frame.characters < track.maximumCharacters - 1 {
      guard let value = character(bits, at: frame.end) else {
        frame.fault = unfinished(frame)
        return frame
      }
      guard value.nonzeroBitCount & 1 == 1 else {
        frame.fault = .parity(character: UInt8(truncatingIfNeeded: frame.characters))
        return frame
      }
      let data = value & dataMask
      frame.end += width
      frame.characters += 1
      frame.checkExpected ^= data
      // Cannot overflow: `maximumCharacters` is at most the capacity.
      try? text.append(data &+ track.firstCharacter)
      if data == track.endSentinel {
        finish(bits, &frame)
        return frame
      }
    }
    frame.fault = .tooLong
    return frame
  }

  /// Refuses a frame that holds a bit in doubt, however well its checks add up: jitter that swaps
  /// 01 and 10 does it within a character, and twice in the same columns no check shows it.
  private func settle(_ doubts: borrowing BitRow, _ frame: inout TrackFrame) {
    for index in frame.start..<frame.end where bit(doubts, index) {
      let character = (index - frame.start) / track.bitsPerCharacter
      frame.fault = .doubt(character: UInt8(truncatingIfNeeded: character))
      return
    }
  }

  private func unfinished(_ frame: TrackFrame) -> StripeFault {
    let character = UInt8(truncatingIfNeeded: frame.characters)
    return endsWithSignal ? .noEndSentinel(character: character) : .clockLost(character: character)
  }

  /// Checks what follows the end sentinel: the longitudinal check, then zeros.
  private func finish(_ bits: borrowing BitRow, _ frame: inout TrackFrame) {
    let width = track.bitsPerCharacter
    var found: UInt8 = 0
    for offset in 0..<width {
      guard frame.end + offset < bits.count else {
        // The check is never all zeros, as its parity is odd: some of it must have been there.
        guard endsWithSignal else {
          frame.fault = unfinished(frame)
          return
        }
        break
      }
      if bit(bits, frame.end + offset) { found |= 1 &<< UInt8(offset) }
    }
    frame.end = min(frame.end + width, bits.count)
    frame.checkFound = found & (1 &<< UInt8(width - 1) &- 1)
    guard found == track.withParity(frame.checkExpected) else {
      frame.fault = .longitudinalCheck
      return
    }
    guard frame.characters >= StripeLimit.data + 2 else {
      frame.fault = .tooShort
      return
    }
    let clear = min(frame.end + StripeLimit.zeros, bits.count)
    for index in frame.end..<clear where bit(bits, index) {
      frame.fault = .trailingBits
      return
    }
    if !endsWithSignal, clear - frame.end < StripeLimit.zeros { frame.fault = unfinished(frame) }
  }
}
