// What became of a swipe, track by track. Nothing here tells anything about the card.

/// Which way a card went past the head.
public enum StripeDirection: UInt8, Sendable, BitwiseCopyable {
  /// The start sentinel came first.
  case forward
  case backward
}

/// Why a track was not read.
public enum StripeFault: Equatable, Sendable, BitwiseCopyable {
  /// The capture lost edges.
  case gap
  /// More edges than a capture holds, or a capture that never fell silent.
  case overflow
  /// Edges out of order by more than two lines of one chip can be.
  case disorder
  /// Too few edges to be a track.
  case tooFewEdges
  /// No run of zeros that a bit clock could start from.
  case noClock
  /// An interval that fits no bit: reversals are missing, or there are some too many. `character`
  /// were read before it.
  case clockLost(character: UInt8)
  case noStartSentinel
  /// The bits ended inside the track, after so many characters.
  case noEndSentinel(character: UInt8)
  /// A character with even parity; the start sentinel is character 0.
  case parity(character: UInt8)
  case longitudinalCheck
  /// Everything adds up, but another reading of a character fits the reversals nearly as well.
  case doubt(character: UInt8)
  /// Everything adds up, but the reversals are too far from their places to be sure.
  case jitter
  /// No end sentinel within the length ISO/IEC 7811 allows.
  case tooLong
  /// Next to nothing between the sentinels.
  case tooShort
  /// The track was followed by more data where zeros belong.
  case trailingBits
  /// Two readings passed every check and are different.
  case conflict
}

/// What became of one track.
public enum StripeOutcome: Equatable, Sendable, BitwiseCopyable {
  /// No signal, or the head has no such track.
  case blank
  case good(StripeDirection)
  case unreadable(StripeFault)

  public var isGood: Bool {
    if case .good = self { true } else { false }
  }
}
