// How a head is wired and when its swipe counts as over, with the limits of what is collected.

import Octets

/// What the board's profile says about a head.
public struct StripeSettings: Sendable, BitwiseCopyable {
  /// What the head puts out.
  public enum Kind: UInt8, Sendable, BitwiseCopyable {
    /// One line a track that changes at each flux reversal.
    case f2f
    /// STROBE and DATA for each track, negative true, and one CARD PRESENT.
    case clockData
  }

  public var kind: Kind
  public var tracks: StripeTrackSet
  /// A swipe is over when no edge came for so long. Longer than the longest bit (75 bpi at 3 in/s:
  /// 4.4 ms, and 15 % jitter at both ends), and below the release latency of 10 ms, less one tick.
  public var silence: Interval
  /// A track with fewer edges counts as blank: they are noise of the idle line.
  public var minimumEdges: Int

  public init(
    kind: Kind, tracks: StripeTrackSet = .all, silence: Interval = .milliseconds(7),
    minimumEdges: Int = 24
  ) {
    self.kind = kind
    self.tracks = tracks
    self.silence = silence
    self.minimumEdges = minimumEdges
  }
}

/// The limits of a capture and of what is accepted as a track.
public enum StripeLimit {
  /// Edges a track may have in one capture. A pass of tracks 1 or 3 has at most 1,418 (two for each
  /// of 708 bits), a clock and data pair as many; twice that for an insert reader, the rest for
  /// noise. Three tracks of four bytes an edge are 36 KiB.
  public static let edges = 3_072
  /// Zeros that must stand directly before a start sentinel and after a check. Data has up to 8 in
  /// a row (10 on track 2): where a wrong bit makes a sentinel of data, there are fewer than this.
  public static let zeros = 12
  /// Zeros that are enough before a start sentinel where the signal begins: a head that swallows
  /// its first reversals leaves 4 on track 2 and 9 on the others in the worst case.
  public static let zerosAtStart = 4
  /// Edges that may be before the first run of bits, or after the last one, for it to be where the
  /// signal begins or ends.
  public static let strayEdges = 8
  /// The fewest characters between the sentinels. Fewer are too easily imitated by noise.
  public static let data = 4
  /// Edges of the shortest run of bits that is searched for a track: the zeros, both sentinels, the
  /// data and the check of the shortest one, less what is lost at the end of the check.
  public static let shortestRun = zerosAtStart + 5 * (data + 2) + 1
  /// A capture that never falls silent ends after this long. A pass at 3 in/s takes 1.2 s.
  public static let capture = Interval.seconds(4)
  /// How far an edge may be from its place in the order of time, in edges. Lines of one chip are
  /// served in turn, so a few are enough.
  public static let disorder = 16
  /// Start sentinels that are tried in one run of bits.
  public static let sentinels = 32
}
