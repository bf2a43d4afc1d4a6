// What happened to a track, in words, and what an engineer can do about it.

import Magstripe

extension StripeOutcome {
  /// One line, to be read after "track 2:".
  public var inWords: String {
    switch self {
    case .blank: "blank: too few edges to be more than noise"
    case .good(.forward): "good"
    case .good(.backward): "good, swiped backwards"
    case .unreadable(let fault): "unreadable: \(fault.inWords)"
    }
  }

  /// What to do; nil if nothing has to be done.
  public var advice: String? {
    if case .unreadable(let fault) = self { fault.advice } else { nil }
  }
}

extension StripeFault {
  public var inWords: String {
    switch self {
    case .gap: "the capture lost edges and said so"
    case .overflow: "more than \(StripeLimit.edges) edges, or no end of them"
    case .disorder: "edges out of order by more than \(StripeLimit.disorder) places"
    case .tooFewEdges: "too few edges to be a track"
    case .noClock: "no run of zeros that a bit clock could start from"
    case .clockLost(let character): "an interval fits no bit after \(character) characters"
    case .noStartSentinel: "no start sentinel with enough zeros before it"
    case .noEndSentinel(let character): "the signal ends after \(character) characters"
    case .parity(let character): "character \(character) has even parity (start sentinel is 0)"
    case .longitudinalCheck: "the longitudinal check (LRC) does not add up"
    case .doubt(let character): "character \(character) could as well be another one"
    case .jitter: "everything adds up, but the reversals are too far from their places to be sure"
    case .tooLong: "no end sentinel within the length of the track"
    case .tooShort: "fewer than \(StripeLimit.data) characters between the sentinels"
    case .trailingBits: "more data where zeros belong, after the check"
    case .conflict: "two readings pass every check and differ"
    }
  }

  public var advice: String {
    switch self {
    case .gap:
      "The system was too busy or its buffer too small. Record with less load, or one track only."
    case .overflow:
      "A noisy or floating line? Check ground, pull-up and shield. A held card does it too."
    case .disorder:
      "Time stamps of different lines must come from one clock. Sort the file by time."
    case .tooFewEdges:
      "Worn head, card lifted off the head, or a track that is not recorded on this card."
    case .noClock:
      "Is the unit of time right? Was recording begun before the card? Noise looks like this too."
    case .clockLost:
      "Reversals are missing (scratch, dirt, card lifted) or spurious (noise). Clean head and card."
    case .noStartSentinel:
      "Right track? Polarity of the bits (inverted)? The start of the swipe may be missing."
    case .noEndSentinel:
      "The card was stopped or lifted before its end, or recording ended too early."
    case .parity:
      "A reversal or strobe was lost or added there: scratch, noise, or an overloaded recorder."
    case .longitudinalCheck:
      "An even number of bits is wrong somewhere. Swipe again and compare the recordings."
    case .doubt, .jitter:
      "Worn card or head, or time stamps taken too late. Record with hardware time stamps."
    case .tooLong:
      "Right track? Tracks 2 and 3 have the same characters, but differ in density and length."
    case .tooShort:
      "No payment card. If the card is known to have more, the start sentinel is imitated by data."
    case .trailingBits:
      "Two cards, a card swiped to and fro, or noise that looks like an end sentinel."
    case .conflict:
      "A card swiped in and out that reads differently, or two cards. Swipe again."
    }
  }
}
