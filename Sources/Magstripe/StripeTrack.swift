// What ISO/IEC 7811 says about the three tracks: densities, alphabets, sentinels, lengths.

import Octets

/// One of the three tracks of a magnetic stripe.
public enum StripeTrack: UInt8, Sendable, BitwiseCopyable {
  case one = 1
  case two = 2
  case three = 3

  /// Bits of a character with its odd parity bit, which comes last. The data bits come least
  /// significant first (ISO/IEC 7811-6, clause 9).
  public var bitsPerCharacter: Int { self == .one ? 7 : 5 }

  /// Characters of a full track: both sentinels and the longitudinal check are counted.
  public var maximumCharacters: Int {
    switch self {
    case .one: 79
    case .two: 40
    case .three: 107
    }
  }

  public var bitsPerInch: Int { self == .two ? 75 : 210 }

  /// Added to a character's data bits to make it ASCII.
  public var firstCharacter: UInt8 { self == .one ? 0x20 : 0x30 }

  /// `%` or `;`, as data bits.
  public var startSentinel: UInt8 { self == .one ? 0x05 : 0x0B }

  /// `?`, as data bits.
  public var endSentinel: UInt8 { self == .one ? 0x1F : 0x0F }

  /// `data` with its parity bit: the number of ones becomes odd.
  public func withParity(_ data: UInt8) -> UInt8 {
    let even = data.nonzeroBitCount & 1 == 0
    return even ? data | 1 &<< UInt8(bitsPerCharacter - 1) : data
  }

  var index: Int { Int(rawValue) - 1 }
}

/// Which tracks a head has. No `OptionSet`: that makes arrays, which the firmware cannot.
public struct StripeTrackSet: Equatable, Sendable, BitwiseCopyable {
  /// Bit 0 is track 1.
  public let bits: UInt8

  public static var none: StripeTrackSet { StripeTrackSet(bits: 0) }
  public static var all: StripeTrackSet { StripeTrackSet(bits: 7) }

  public func with(_ track: StripeTrack) -> StripeTrackSet {
    StripeTrackSet(bits: bits | 1 &<< UInt8(track.index))
  }

  public func contains(_ track: StripeTrack) -> Bool {
    bits &>> UInt8(track.index) & 1 == 1
  }
}

/// The characters of one track in clear, as ASCII from start to end sentinel, without the check.
public typealias TrackText = Bytes<107>

/// The tracks that were read, in clear. Lives as short as possible and is wiped by its user.
public struct StripeTracks: ~Copyable {
  /// Empty unless the track was read well.
  public var one = TrackText()
  public var two = TrackText()
  public var three = TrackText()

  public init() {}

  public mutating func wipe() {
    one.wipe()
    two.wipe()
    three.wipe()
  }
}
