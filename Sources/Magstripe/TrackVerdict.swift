// Weighs all readings of one track against each other.

import Octets

/// Where bits come from.
struct TrackSource: BitwiseCopyable {
  /// The run of edges, in the order it was read; nil for bits that were handed in as such.
  var run: TrackRun?
  /// Whether the run was read against time.
  var isReversed: Bool
  /// Edges of the whole line.
  var edges: Int
  /// Bits of the run.
  var bits: Int

  /// Whether the bits begin or end where the signal does, not where the clock was lost.
  func isAtEdge(_ direction: StripeDirection, isStart: Bool) -> Bool {
    guard let run else { return true }
    return (direction == .forward) == isStart
      ? run.first <= StripeLimit.strayEdges : edges - 1 - run.last <= StripeLimit.strayEdges
  }

  /// Whether the edges are near enough to their places to believe what they say.
  var isSteady: Bool {
    guard let run else { return true }
    return run.memory.believes(run.error)
  }
}

/// What all readings of a track together say.
struct TrackVerdict: BitwiseCopyable {
  /// The first good reading, or else the one that got furthest, and where it was found.
  var best: TrackFrame?
  var source: TrackSource?
  /// Good readings that agreed.
  var agreeing = 0
  var isInConflict = false

  /// Takes in every frame of one run of bits, read in both directions. `text` holds the characters
  /// of the first good frame; `candidate` is room for another. True if there was a good frame.
  mutating func consider(
    _ bits: borrowing BitRow, _ doubts: borrowing BitRow, _ track: StripeTrack,
    _ source: TrackSource,
    _ candidate: inout TrackText, _ text: inout TrackText
  ) -> Bool {
    if best == nil, source.bits > self.source?.bits ?? 0 { self.source = source }
    let forward = consider(bits, doubts, track, .forward, source, &candidate, &text)
    let backward = consider(bits, doubts, track, .backward, source, &candidate, &text)
    return forward || backward
  }

  private mutating func consider(
    _ bits: borrowing BitRow, _ doubts: borrowing BitRow, _ track: StripeTrack,
    _ direction: StripeDirection,
    _ source: TrackSource, _ candidate: inout TrackText, _ text: inout TrackText
  ) -> Bool {
    var isGood = false
    var reader = FrameReader(
      track: track, direction: direction,
      beginsWithSignal: source.isAtEdge(direction, isStart: true),
      endsWithSignal: source.isAtEdge(direction, isStart: false))
    while var frame = reader.next(bits, doubts, into: &candidate) {
      if source.isReversed { frame.direction = direction == .forward ? .backward : .forward }
      if frame.fault == nil, !source.isSteady { frame.fault = .jitter }
      if frame.fault == nil {
        isGood = true
        weigh(candidate, &text)
      }
      if let known = best, !frame.isBetter(than: known) { continue }
      best = frame
      self.source = source
    }
    return isGood
  }

  private mutating func weigh(_ candidate: borrowing TrackText, _ text: inout TrackText) {
    agreeing += 1
    if agreeing == 1 {
      text.removeAll()
      candidate.withBytes { try? text.append($0) }
    } else {
      let isSame = candidate.withBytes { new in text.withBytes { $0.equals(new) } }
      if !isSame { isInConflict = true }
    }
  }

  var outcome: StripeOutcome {
    if isInConflict { return .unreadable(.conflict) }
    if let best {
      guard let fault = best.fault else { return .good(best.direction) }
      return .unreadable(fault)
    }
    return .unreadable(source == nil ? .noClock : .noStartSentinel)
  }
}
