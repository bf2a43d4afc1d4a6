// What the rest of the firmware and an engineer are told about a swipe.

import Octets

/// What became of one track, free of card data.
public struct TrackReport: Equatable, Sendable, BitwiseCopyable {
  public var outcome = StripeOutcome.blank
  /// Edges that were collected.
  public var edges: UInt16 = 0
  /// Good readings that agreed: one for each pass of the card.
  public var readings: UInt8 = 0

  public init() {}
}

/// What became of a swipe.
public struct StripeReport: Sendable, BitwiseCopyable {
  private var tracks = InlineArray<3, TrackReport>(repeating: TrackReport())

  public init() {}

  public subscript(track: StripeTrack) -> TrackReport {
    get { tracks[track.index] }
    set { tracks[track.index] = newValue }
  }

  /// Whether any track was read.
  public var hasGoodTrack: Bool {
    self[.one].outcome.isGood || self[.two].outcome.isGood || self[.three].outcome.isGood
  }

  /// Whether there was nothing but an idle line's noise: no track had a signal.
  public var isBlank: Bool {
    self[.one].outcome == .blank && self[.two].outcome == .blank && self[.three].outcome == .blank
  }
}

/// How the reading of one track went, for engineers at a bench. Some of it depends on the card: not
/// for logs.
public struct StripeTrace: Sendable {
  public let track: StripeTrack
  public var outcome = StripeOutcome.blank
  /// Edges of the track; with clock and data, its strobes and data edges. 0 for bits.
  public var edges = 0
  /// Good readings that agreed: one for each pass of the card.
  public var readings = 0
  /// The run of bits that was read best; nil if there was none.
  public var run: Run?
  /// The attempt to read a track out of that run which got furthest; nil if no start sentinel with
  /// zeros before it was found.
  public var frame: Frame?

  /// A run of bits, in order of time.
  public struct Run: Sendable {
    /// Its first and last edge, counted from 0; with clock and data, strobes are counted.
    public var edges: ClosedRange<Int>
    public var bits: Int
    /// The length of a bit at either end, in nanoseconds.
    public var firstBit: Double
    public var lastBit: Double

    /// Speeds at either end, in inches a second, at a density of `track`.
    public func speeds(_ track: StripeTrack) -> (first: Double, last: Double) {
      let bitsPerInch = Double(track.bitsPerInch)
      return (1e9 / (firstBit * bitsPerInch), 1e9 / (lastBit * bitsPerInch))
    }
  }

  /// Where a track was found in a run of bits, and how far it could be read.
  public struct Frame: Sendable {
    public var direction: StripeDirection
    /// The bits of the frame, in order of time.
    public var bits: Range<Int>
    /// Characters with good parity, from the start sentinel on.
    public var characters: Int
    /// The data bits of the longitudinal check as the characters so far add up, and as the card
    /// gives it; nil if it was not reached.
    public var checkExpected: UInt8
    public var checkFound: UInt8?
  }

  init(track: StripeTrack, edges: Int) {
    self.track = track
    self.edges = edges
  }

  mutating func fill(_ verdict: TrackVerdict) {
    outcome = verdict.outcome
    readings = verdict.agreeing
    guard let source = verdict.source else { return }
    run = source.traced
    if let frame = verdict.best { self.frame = frame.traced(in: source) }
  }

  /// The part that is free of card data.
  var summary: TrackReport {
    var report = TrackReport()
    report.outcome = outcome
    report.edges = UInt16(clamping: edges)
    report.readings = UInt8(clamping: readings)
    return report
  }
}

extension TrackSource {
  fileprivate var traced: StripeTrace.Run? {
    guard let run else { return nil }
    let first = isReversed ? edges - 1 - run.last : run.first
    let unit = 2 * Double(StoredEdge.unit)
    let (start, end) = isReversed ? (run.end.half, run.start.half) : (run.start.half, run.end.half)
    return StripeTrace.Run(
      edges: first...first + run.last - run.first, bits: bits, firstBit: start * unit,
      lastBit: end * unit)
  }
}

extension TrackFrame {
  fileprivate func traced(in source: TrackSource) -> StripeTrace.Frame {
    let isFromEnd = direction == .backward
    return StripeTrace.Frame(
      direction: direction,
      bits: isFromEnd ? source.bits - end..<source.bits - start : start..<end,
      characters: characters, checkExpected: checkExpected, checkFound: checkFound)
  }
}
