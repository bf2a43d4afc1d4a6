// A card pulled past a head: the edges the head would put out, in order of time, from a seed.

import Magstripe
import Octets

/// How a card is swiped, and what goes wrong.
public struct SwipeConditions: Sendable, BitwiseCopyable {
  /// How the speed changes over the length of the stripe. `speedRatio` is exit to entry speed, or
  /// for a surge the speed in the middle to that at both ends. Acceleration is constant in time.
  public enum Profile: UInt8, Sendable, BitwiseCopyable {
    case ramp
    case surge
  }

  public var kind = StripeSettings.Kind.f2f
  /// Speed at the edge of the stripe, in inches a second.
  public var inchesPerSecond = 20.0
  public var speedRatio = 1.0
  public var profile = Profile.ramp
  public var direction = StripeDirection.forward
  /// Each reversal (strobe) comes early or late by a time evenly spread over ± this many bits, of
  /// the length that bits have there at the moment; every one independently of the others.
  public var jitter = 0.0
  /// Zeros before the start sentinel; nil fills what the standard gives (7.44 mm).
  public var leadingZeros: Int?
  /// Zeros after the check; nil fills the rest of the stripe.
  public var trailingZeros: Int?
  /// Spurious edges before and after each track, at distances of up to two bits.
  public var noiseBefore = 0
  public var noiseAfter = 0
  /// The probability that any one edge is lost.
  public var loss = 0.0
  /// The probability that a spurious edge stands between two edges.
  public var extra = 0.0
  /// A scratch: so many bits in a row have no edges, somewhere on each track.
  public var scratch = 0
  /// The capture loses an edge in the middle of each track and says so.
  public var gap = false
  /// An insert reader: the card goes in, rests this long, and comes out again in the other
  /// direction.
  public var insertRest: Interval?

  public init() {}

  /// A bad swipe: any speed, direction and acceleration, up to 25 % jitter, and about every second
  /// one with lost or spurious edges, scratches or noise, few enough that some of them get near to
  /// being read.
  public static func noisy(
    _ kind: StripeSettings.Kind, _ random: inout SeededRandom
  ) -> SwipeConditions {
    var conditions = SwipeConditions()
    conditions.kind = kind
    conditions.inchesPerSecond = 3 + 97 * random.unit()
    conditions.speedRatio = 0.5 + 1.5 * random.unit()
    conditions.profile = random.chance(0.25) ? .surge : .ramp
    conditions.direction = random.chance(0.5) ? .forward : .backward
    conditions.jitter = 0.25 * random.unit()
    if random.chance(0.3) { conditions.loss = 0.02 * random.unit() }
    if random.chance(0.3) { conditions.extra = 0.02 * random.unit() }
    if random.chance(0.1) { conditions.scratch = 1 + random.below(8) }
    if random.chance(0.3) { conditions.noiseBefore = random.below(60) }
    if random.chance(0.3) { conditions.noiseAfter = random.below(60) }
    if random.chance(0.1) { conditions.leadingZeros = 4 + random.below(12) }
    if random.chance(0.1) { conditions.trailingZeros = random.below(12) }
    if random.chance(0.1) { conditions.insertRest = .microseconds(Int64(random.below(8_000))) }
    return conditions
  }
}

/// The edges of one swipe. Tracks run side by side, as they do on the card.
public struct StripeSwipe: ~Copyable {
  private var one: TrackSignal
  private var two: TrackSignal
  private var three: TrackSignal
  private var headOne: StripeEdge?
  private var headTwo: StripeEdge?
  private var headThree: StripeEdge?
  private let kind: StripeSettings.Kind
  private var presence: Presence

  /// CARD PRESENT of a clock and data head.
  private enum Presence {
    /// No strobe yet, or no such line.
    case absent
    /// Low since the first strobe; the last edge so far.
    case present(Instant)
  }

  /// A swipe of `card`, whose empty tracks are blank, from `start` on. The same seed and conditions
  /// give the same edges.
  public init(
    _ card: borrowing StripeTracks, _ conditions: SwipeConditions, seed: UInt64, start: Instant
  ) {
    kind = conditions.kind
    presence = .absent
    var random = SeededRandom(seed: seed)
    one = TrackSignal(.one, card.one, conditions, seed: random.next(), start: start)
    two = TrackSignal(.two, card.two, conditions, seed: random.next(), start: start)
    three = TrackSignal(.three, card.three, conditions, seed: random.next(), start: start)
    headOne = one.next()
    headTwo = two.next()
    headThree = three.next()
  }

  /// The next edge in order of time, nil after the last.
  public mutating func next() -> StripeEdge? {
    guard let earliest = earliest() else {
      guard case .present(let last) = presence else { return nil }
      presence = .absent
      // Interface description of MagTek's TTL heads: high again about 150 ms after the last.
      return StripeEdge(
        at: last + .milliseconds(150), track: 0, signal: .cardPresent, isHigh: true)
    }
    if kind == .clockData {
      if case .absent = presence {
        presence = .present(earliest.at)
        return StripeEdge(at: earliest.at, track: 0, signal: .cardPresent, isHigh: false)
      }
      presence = .present(earliest.at)
    }
    switch earliest.track {
    case 1: headOne = one.next()
    case 2: headTwo = two.next()
    default: headThree = three.next()
    }
    return earliest
  }

  private func earliest() -> StripeEdge? {
    var earliest = headOne
    if let edge = headTwo, earliest == nil || edge.at < earliest!.at { earliest = edge }
    if let edge = headThree, earliest == nil || edge.at < earliest!.at { earliest = edge }
    return earliest
  }

  /// Hands every edge to `body`.
  public mutating func forEach(_ body: (StripeEdge) -> Void) {
    while let edge = next() { body(edge) }
  }
}
