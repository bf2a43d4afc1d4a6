// What the capture side hands to the stripe decoders.

import Octets

/// One change of a line of a magnetic-stripe head, with the kernel's time stamp.
public struct StripeEdge: Equatable, Sendable, BitwiseCopyable {
  /// The part a line plays at the head.
  public enum Signal: UInt8, Sendable, BitwiseCopyable {
    /// A flux reversal of an F2F (Aiken biphase) output. The level means nothing: the kernel reads
    /// it later than the time stamp.
    case flux
    /// STROBE of a TTL head: data is sampled at its falling edge.
    case strobe
    /// DATA of a TTL head, negative true: low is 1.
    case data
    /// CARD PRESENT of a TTL head, low while a card moves.
    case cardPresent
    /// Not an edge: the capture lost edges here, and what was read around it must not be trusted.
    case gap
  }

  public var at: Instant
  /// 1, 2 or 3; 0 for `cardPresent` and for a `gap` that concerns every track.
  public var track: UInt8
  public var signal: Signal
  /// The level after the edge, true for high. Means nothing for `flux` and `gap`.
  public var isHigh: Bool

  public init(at: Instant, track: UInt8, signal: Signal, isHigh: Bool = false) {
    self.at = at
    self.track = track
    self.signal = signal
    self.isHigh = isHigh
  }
}
