// Fuzzes what a magnetic-stripe head can be given: any edges, any bits, any card badly swiped.

import Magstripe
import Octets
import Simulator

private struct Input {
  var bytes: UnsafeBufferPointer<UInt8>
  var offset = 0

  var isAtEnd: Bool { offset == bytes.count }

  mutating func byte() -> UInt8 {
    guard offset < bytes.count else { return 0 }
    defer { offset += 1 }
    return bytes[offset]
  }

  mutating func word() -> UInt64 { (0..<8).reduce(0) { sum, _ in sum << 8 | UInt64(byte()) } }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  var input = Input(bytes: UnsafeBufferPointer(start: data, count: size))
  switch input.byte() & 3 {
  case 0: edges(&input)
  case 1: bits(&input)
  case 2: swipe(&input)
  default: fields(&input)
  }
  return 0
}

/// A head takes any edges, never traps, delivers only well-formed tracks and then forgets them.
private func edges(_ input: inout Input) {
  var head = StripeHead(StripeSettings(kind: input.byte() & 1 == 0 ? .f2f : .clockData))
  var time = Instant(nanoseconds: input.byte() & 1 == 0 ? 1 : .max - 1_000_000)
  let unit = Int64(1) << Int64(input.byte() & 31)
  while !input.isAtEnd {
    let what = input.byte()
    time = time + Interval(nanoseconds: Int64(Int8(bitPattern: input.byte())) &* unit)
    let signal = StripeEdge.Signal(rawValue: what >> 4 & 7) ?? .flux
    head.record(
      StripeEdge(at: time, track: what & 7, signal: signal, isHigh: what & 0x80 != 0))
    _ = head.hasEnded(at: time)
  }
  var bits = BitTrack()
  for track in [StripeTrack.one, .two, .three] {
    var text = TrackText()
    let trace = head.explain(track, into: &text, bits: &bits)
    precondition(trace.outcome.isGood == !text.isEmpty)
    if let run = trace.run { precondition(run.bits == bits.count) }
    if let frame = trace.frame { precondition(frame.bits.upperBound <= bits.count) }
    check(text, track)
  }
  var tracks = StripeTracks()
  let report = head.decode(into: &tracks)
  check(tracks.one, .one)
  check(tracks.two, .two)
  check(tracks.three, .three)
  precondition(report[.two].outcome.isGood == !tracks.two.isEmpty)
  precondition(head.lastEdge == nil)
  precondition(head.decode(into: &tracks).isBlank && tracks.two.isEmpty)
}

private func check(_ text: borrowing TrackText, _ track: StripeTrack) {
  guard !text.isEmpty else { return }
  precondition(text.count >= StripeLimit.data + 2 && text.count < track.maximumCharacters)
  precondition(text[0] == track.startSentinel + track.firstCharacter)
  precondition(text[text.count - 1] == track.endSentinel + track.firstCharacter)
}

/// Bits read as a track hold that track as it is recorded, and mirrored they read the same.
private func bits(_ input: inout Input) {
  let track = StripeTrack(rawValue: 1 + input.byte() % 3)!
  var bits = BitTrack()
  while !input.isAtEnd {
    let byte = input.byte()
    for bit in 0..<8 { bits.append(byte >> bit & 1 == 1) }
  }
  var mirrored = BitTrack()
  for index in 0..<bits.count { mirrored.append(bits[bits.count - 1 - index]) }
  var text = TrackText()
  var again = TrackText()
  let trace = bits.decode(track, into: &text)
  let back = mirrored.decode(track, into: &again)
  precondition(trace.outcome.isGood == back.outcome.isGood)
  check(text, track)
  guard case .good(let direction) = trace.outcome, let frame = trace.frame else { return }
  var recorded = BitTrack()
  recorded.append(text, track: track, leadingZeros: 0, trailingZeros: 0)
  for index in frame.bits {
    let place =
      direction == .forward ? index - frame.bits.lowerBound : frame.bits.upperBound - 1 - index
    precondition(bits[index] == recorded[place])
  }
}

/// A card is read as what it is, or not at all.
private func swipe(_ input: inout Input) {
  var random = SeededRandom(seed: input.word())
  let kind = random.chance(0.5) ? StripeSettings.Kind.f2f : .clockData
  var trial = StripeTrial(kind)
  trial.swipeNoisily(seed: random.next())
  precondition(trial.tally.falselyRead == 0)
}

/// Fields are inside the text.
private func fields(_ input: inout Input) {
  let track = StripeTrack(rawValue: 1 + input.byte() % 3)!
  var text = TrackText()
  while !input.isAtEnd, text.room > 0 { try! text.append(input.byte()) }
  guard let fields = CardFields(track, text) else { return }
  precondition((8...19).contains(fields.accountNumber.count))
  precondition(fields.discretionary.upperBound == text.count - 1)
}
