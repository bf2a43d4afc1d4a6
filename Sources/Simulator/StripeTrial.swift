// Many swipes under one set of conditions: what was read, what was refused, what was read wrongly.

import Magstripe
import Octets

/// How the tracks of many swipes were read.
public struct StripeTally: Equatable, Sendable, BitwiseCopyable {
  public var swipes = 0
  /// Tracks that had been recorded, over all swipes.
  public var tracks = 0
  /// Tracks read as they were recorded.
  public var read = 0
  /// Tracks read with other characters than the card's, or off a blank track. Must be 0.
  public var falselyRead = 0
  public var reportedBlank = 0
  /// Unreadable, by reason.
  public var gap = 0
  public var overflow = 0
  public var disorder = 0
  public var tooFewEdges = 0
  public var clock = 0
  public var sentinel = 0
  public var parity = 0
  public var longitudinalCheck = 0
  public var doubt = 0
  public var layout = 0
  public var conflict = 0
  /// The seed of the first swipe that was read wrongly.
  public var firstFalseSeed: UInt64?

  public init() {}

  mutating func add(_ fault: StripeFault) {
    switch fault {
    case .gap: gap += 1
    case .overflow: overflow += 1
    case .disorder: disorder += 1
    case .tooFewEdges: tooFewEdges += 1
    case .noClock, .clockLost: clock += 1
    case .noStartSentinel, .noEndSentinel: sentinel += 1
    case .parity: parity += 1
    case .longitudinalCheck: longitudinalCheck += 1
    case .doubt, .jitter: doubt += 1
    case .tooLong, .tooShort, .trailingBits: layout += 1
    case .conflict: conflict += 1
    }
  }
}

/// A run of swipes of random cards.
public struct StripeTrial: ~Copyable {
  private var head: StripeHead
  private var card = StripeTracks()
  private var tracks = StripeTracks()
  public private(set) var tally = StripeTally()

  public init(_ kind: StripeSettings.Kind) {
    head = StripeHead(StripeSettings(kind: kind))
  }

  /// Swipes the card of `seed` under `conditions`, whose kind must be the trial's.
  public mutating func swipe(_ conditions: SwipeConditions, seed: UInt64) {
    var random = SeededRandom(seed: seed)
    card.fillRandomly(&random)
    var swipe = StripeSwipe(
      card, conditions, seed: random.next(), start: Instant(nanoseconds: 1_000_000_000))
    while let edge = swipe.next() { head.record(edge) }
    let report = head.decode(into: &tracks)
    tally.swipes += 1
    judge(report[.one].outcome, Self.equal(card.one, tracks.one), !card.one.isEmpty, seed)
    judge(report[.two].outcome, Self.equal(card.two, tracks.two), !card.two.isEmpty, seed)
    judge(report[.three].outcome, Self.equal(card.three, tracks.three), !card.three.isEmpty, seed)
  }

  /// Swipes a random card under `SwipeConditions.noisy`, all of it from `seed`.
  public mutating func swipeNoisily(seed: UInt64) {
    var random = SeededRandom(seed: ~seed)
    swipe(.noisy(head.settings.kind, &random), seed: seed)
  }

  private static func equal(_ card: borrowing TrackText, _ read: borrowing TrackText) -> Bool {
    card.withBytes { card in read.withBytes { card.equals($0) } }
  }

  private mutating func judge(
    _ outcome: StripeOutcome, _ isEqual: Bool, _ isRecorded: Bool, _ seed: UInt64
  ) {
    tally.tracks += isRecorded ? 1 : 0
    switch outcome {
    case .good:
      if isEqual, isRecorded {
        tally.read += 1
      } else {
        tally.falselyRead += 1
        tally.firstFalseSeed = tally.firstFalseSeed ?? seed
      }
    case .blank:
      tally.reportedBlank += isRecorded ? 1 : 0
    case .unreadable(let fault):
      tally.add(fault)
    }
  }
}
