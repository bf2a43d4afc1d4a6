// What the rest of the firmware and an engineer are told about a swipe.

import Octets

/// What became of one track, free of card data.
public struct TrackReport: Equatable, Sendable, BitwiseCopyable {
  public var outcome = StripeOutcome.blank
  /// Edges that were collected.
  public var edges: UInt16 = 0
  /// Good readings that agreed: at most two for each pass of the card.
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

  /// Whether nothing but an idle line's noise was there: no track had a signal.
  public var isBlank: Bool {
    self[.one].outcome == .blank && self[.two].outcome == .blank && self[.three].outcome == .blank
  }
}

/// How the reading of one track went, for engineers at a bench. Contains the longitudinal check,
/// which depends on the card: not for logs.
public struct StripeTrace: Sendable, BitwiseCopyable {
  public let track: StripeTrack
  public var outcome = StripeOutcome.blank
  /// Edges of the track; with clock and data, its strobes and data edges.
  public let edges: Int
  public var readings = 0
}
extension StripeTrace {
  init(track: StripeTrack, edges: Int) {
    self.track = track
    self.edges = edges
  }
  mutating func fill(_ verdict: TrackVerdict) {
    outcome = verdict.outcome
    readings = verdict.agreeing
  }

  var summary: TrackReport {
    var report = TrackReport()
    report.outcome = outcome
    report.edges = UInt16(clamping: edges)
    report.readings = UInt8(clamping: readings)
    return report
  }
}
