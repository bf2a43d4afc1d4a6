// What a capture file holds: an engineer's own recording of a magnetic-stripe head, as edges or as
// bits. The file formats are described in docs/TESTING.md.

import Magstripe
import Octets

/// How a capture file is written.
public enum CaptureFormat: String, CaseIterable, Sendable, Codable {
  /// One time stamp a line, for one F2F line.
  case times
  /// A table of levels against time, or of a line and its level at each edge.
  case columns
  /// Sampled bits.
  case bits
  /// The 16-byte records that the firmware reads.
  case stream
}

/// Why a file cannot be read as a capture.
public struct CaptureError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Where: lines and records are counted from 1.
  public enum Place: Equatable, Sendable {
    case file
    case line(Int)
    case record(Int)
  }

  public var place: Place
  public var reason: String

  public init(_ place: Place, _ reason: String) {
    self.place = place
    self.reason = reason
  }

  public var description: String {
    switch place {
    case .file: reason
    case .line(let number): "line \(number): \(reason)"
    case .record(let number): "record \(number): \(reason)"
    }
  }
}

/// How large a capture may be.
public enum CaptureLimit {
  public static let bytes = 64 << 20
  /// Edges of a file: some 150 swipes of three tracks.
  public static let edges = 300_000
  /// Rows of bits in a file, each of which is a swipe of its own.
  public static let rows = 1_000
  public static let columns = 32
  /// How far back in time an edge may be after its predecessor: lines are stamped independently,
  /// but not that far apart.
  public static let furthestBack = Interval.seconds(1)
}

/// The part of a line at the head.
public struct CaptureLine: Equatable, Sendable {
  public var signal: StripeEdge.Signal
  /// 1 to 3; 0 for CARD PRESENT; nil if the recording does not say.
  public var track: UInt8?

  public init(_ signal: StripeEdge.Signal, track: UInt8?) {
    self.signal = signal
    self.track = track
  }
}

/// What the caller says about a file because the file itself does not.
public struct CaptureOptions: Sendable {
  /// Found out from the content if nil.
  public var format: CaptureFormat?
  /// For lines and bits that name no track.
  public var track: StripeTrack?
  /// Parts of lines by the names that they have in the file.
  public var lines: [String: CaptureLine] = [:]

  public init() {}
}

/// A recording.
public struct Capture: Sendable {
  public enum Content: Sendable {
    /// Edges in the file's order. Where no track was named, they are given as track 2.
    case edges([StripeEdge], kind: StripeSettings.Kind, track: TrackKnowledge)
    case bits([[Bool]], track: StripeTrack?)
  }

  /// Whether it is known which track a line belongs to.
  public enum TrackKnowledge: Equatable, Sendable {
    case known
    case unknown
  }

  public var format: CaptureFormat
  /// What was taken for granted, in words; empty if the file says everything.
  public var assumptions: [String] = []
  public var content: Content
}

/// Collects edges: puts times of any origin on one axis, and keeps the limits.
struct EdgeCollection {
  private(set) var edges: [StripeEdge] = []
  private var first: Int64?
  private var latest: Int64 = 0
  /// The first edge comes after so long, so that others may be a little earlier.
  private static let origin: Int64 = 2_000_000_000
  /// More than a century: differences of such times do not overflow.
  private static let furthest: Int64 = 4_000_000_000_000_000_000

  /// The time `nanoseconds` of the file on the axis of the edges.
  mutating func instant(_ nanoseconds: Int64, _ place: CaptureError.Place) throws -> Instant {
    guard abs(Double(nanoseconds)) < Double(Self.furthest) else {
      throw CaptureError(place, "the time is out of range")
    }
    let first = first ?? nanoseconds
    if self.first == nil { latest = nanoseconds }
    self.first = first
    guard latest - nanoseconds <= CaptureLimit.furthestBack.nanoseconds else {
      throw CaptureError(place, "the time goes back by more than a second")
    }
    latest = max(latest, nanoseconds)
    return Instant(nanoseconds: UInt64(nanoseconds - first + Self.origin))
  }

  mutating func append(_ edge: StripeEdge, _ place: CaptureError.Place) throws {
    guard edges.count < CaptureLimit.edges else {
      throw CaptureError(place, "more than \(CaptureLimit.edges) edges: cut the recording")
    }
    edges.append(edge)
  }
}
