// What the contactless reader tells its loop, and what it counts.

/// What the loop is to do or to know.
public enum TapEvent: Equatable, Sendable {
  /// The port is to go on at this rate, in bits per second.
  case setRate(Int)
  /// The chip answers and takes cards.
  case cameUp
  /// The chip does not answer.
  case wentAway
  /// A card is in the field and being read.
  case cardSeen
  /// A card gave its cryptogram: `session` holds what it said until the next card.
  case read
  case failed(TapFailure)
  /// The card that was read, or refused, is gone.
  case cardRemoved
}

/// Counted for the log and the benches.
public struct TapCounts: Equatable, Sendable {
  public var polls: UInt64 = 0
  public var exchanges: UInt64 = 0
  public var cards: UInt64 = 0
  public var lostChip: UInt64 = 0

  public init() {}
}
