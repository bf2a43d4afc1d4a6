// One track of a card in motion: text → bits → reversals or strobes, with every fault there is.

import Magstripe
import Octets

extension BitTrack {
  /// Appends a track as it is recorded: zeros, the characters of `text` (with sentinels) and their
  /// check, zeros. Characters the track's alphabet does not have lose their upper bits.
  public mutating func append(
    _ text: borrowing TrackText, track: StripeTrack, leadingZeros: Int, trailingZeros: Int
  ) {
    for _ in 0..<leadingZeros { append(false) }
    var check: UInt8 = 0
    let mask: UInt8 = track == .one ? 0x3F : 0x0F
    for index in 0..<text.count {
      let data = (text[index] &- track.firstCharacter) & mask
      check ^= data
      append(character: track.withParity(data), of: track)
    }
    append(character: track.withParity(check), of: track)
    for _ in 0..<trailingZeros { append(false) }
  }

  private mutating func append(character: UInt8, of track: StripeTrack) {
    for bit in 0..<track.bitsPerCharacter { append(character >> UInt8(bit) & 1 == 1) }
  }
}

/// The edges of one track in order of time.
struct TrackSignal: ~Copyable {
  /// Where the signal is.
  private enum Stage {
    case noiseBefore(left: Int)
    /// Half bits from the start of the pass.
    case bits(halves: Int, pass: Int)
    case noiseAfter(left: Int)
    case over
  }

  private let track: StripeTrack
  private let conditions: SwipeConditions
  private let motion: StripeMotion
  private let bitLength: Double
  private var bits = BitTrack()
  private var random: SeededRandom
  private var stage: Stage
  /// Seconds after `start` at which the pass began, and of the last edge.
  private var passStart = 0.0
  private var last = 0.0
  private let start: Instant
  private var dataIsHigh = true
  /// Edges in order that are still to be handed out, last first.
  private var pending = InlineArray<4, StripeEdge>(
    repeating: StripeEdge(at: Instant(nanoseconds: 0), track: 0, signal: .gap))
  private var pendingCount = 0
  private var scratchFrom = Int.max

  init(
    _ track: StripeTrack, _ text: borrowing TrackText, _ conditions: SwipeConditions,
    seed: UInt64, start: Instant
  ) {
    self.track = track
    self.conditions = conditions
    self.start = start
    motion = StripeMotion(conditions)
    bitLength = 1 / (Double(track.bitsPerInch) * StripeMotion.inches)
    random = SeededRandom(seed: seed)
    let isBlank = text.isEmpty
    stage = isBlank ? .over : .noiseBefore(left: conditions.noiseBefore)
    guard !isBlank else { return }
    let whole = Int(1 / bitLength)
    let leading = conditions.leadingZeros ?? (track == .two ? 22 : 61)
    let used = leading + (text.count + 1) * track.bitsPerCharacter
    bits.append(
      text, track: track, leadingZeros: leading,
      trailingZeros: conditions.trailingZeros ?? max(8, whole - used))
    if conditions.scratch > 0 { scratchFrom = random.below(bits.count * 2) }
  }

  mutating func next() -> StripeEdge? {
    while pendingCount == 0 {
      if case .over = stage { return nil }
      advance()
    }
    pendingCount -= 1
    return pending[pendingCount]
  }

  private mutating func advance() {
    switch stage {
    case .noiseBefore(let left):
      if left == 0 {
        passStart = last
        stage = .bits(halves: 0, pass: 0)
      } else {
        noise()
        stage = .noiseBefore(left: left - 1)
      }
    case .bits(let halves, let pass):
      stage = step(halves, pass)
    case .noiseAfter(let left):
      if left == 0 {
        stage = .over
      } else {
        noise()
        stage = .noiseAfter(left: left - 1)
      }
    case .over:
      break
    }
  }

  /// What is at this half bit, and what comes after it.
  private mutating func step(_ halves: Int, _ pass: Int) -> Stage {
    guard halves <= bits.count * 2 else {
      guard let rest = conditions.insertRest, pass == 0 else {
        return .noiseAfter(left: conditions.noiseAfter)
      }
      passStart = last + Double(rest.nanoseconds) * 1e-9
      return .bits(halves: 0, pass: 1)
    }
    let bit = halves / 2
    let isBackward = (conditions.direction == .backward) != (pass == 1)
    if halves & 1 == 0 {
      switch conditions.kind {
      case .f2f: place(halves, .flux)
      case .clockData: if bit < bits.count { strobe(halves, value(bit, isBackward)) }
      }
      if conditions.gap, halves == bits.count & ~1 { push(last, .gap, isHigh: false) }
    } else if conditions.kind == .f2f, value(bit, isBackward) {
      place(halves, .flux)
    }
    return .bits(halves: halves + 1, pass: pass)
  }

  private func value(_ bit: Int, _ isBackward: Bool) -> Bool {
    bits[isBackward ? bits.count - 1 - bit : bit]
  }

  /// One edge at `halves` half bits, displaced, perhaps lost, perhaps with a spurious one before.
  private mutating func place(_ halves: Int, _ signal: StripeEdge.Signal) {
    let time = displacedTime(halves)
    if random.chance(conditions.extra) {
      let spurious = last + random.unit() * (time - last)
      if !isLost(halves) { push(time, signal, isHigh: false) }
      push(spurious, signal, isHigh: false)
    } else if !isLost(halves) {
      push(time, signal, isHigh: false)
    }
    last = time
  }

  private mutating func displacedTime(_ halves: Int) -> Double {
    let position = Double(halves) * 0.5 * bitLength
    let bit = bitLength / motion.speed(at: position)
    let time = passStart + motion.time(at: position) + random.spread(conditions.jitter) * bit
    // Two reversals never swap: a microsecond apart at least.
    return max(time, last + 1e-6)
  }

  private mutating func isLost(_ halves: Int) -> Bool {
    let scratched = halves >= scratchFrom && halves - scratchFrom < conditions.scratch * 2
    return random.chance(conditions.loss) || scratched
  }

  /// DATA changes 1 µs before STROBE falls. A head swallows the first 15 reversals.
  private mutating func strobe(_ halves: Int, _ bit: Bool) {
    guard halves / 2 >= 15 else { return }
    let time = displacedTime(halves)
    if !isLost(halves) { push(time, .strobe, isHigh: false) }
    if dataIsHigh == bit {
      dataIsHigh = !bit
      if !random.chance(conditions.loss) { push(time - 1e-6, .data, isHigh: dataIsHigh) }
    }
    if random.chance(conditions.extra) {
      push(last + random.unit() * (time - 1e-6 - last), .strobe, isHigh: false)
    }
    last = time
  }

  private mutating func noise() {
    let bit = bitLength / motion.speed(at: 0)
    last += bit * (0.05 + 1.95 * random.unit())
    switch conditions.kind {
    case .f2f:
      push(last, .flux, isHigh: false)
    case .clockData:
      push(last, .strobe, isHigh: false)
      if random.chance(0.5) {
        dataIsHigh.toggle()
        push(last - 1e-6, .data, isHigh: dataIsHigh)
      }
    }
  }

  /// Adds an edge that comes before those pushed since the last one was handed out.
  private mutating func push(_ seconds: Double, _ signal: StripeEdge.Signal, isHigh: Bool) {
    guard pendingCount < 4 else { return }
    let at = start + Interval(nanoseconds: Int64(seconds * 1e9))
    pending[pendingCount] = StripeEdge(
      at: at, track: track.rawValue, signal: signal, isHigh: isHigh)
    pendingCount += 1
  }
}
