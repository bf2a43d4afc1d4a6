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

/// Which tracks a head has.
public struct StripeTrackSet: OptionSet, Sendable, BitwiseCopyable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let one = StripeTrackSet(rawValue: 1)
  public static let two = StripeTrackSet(rawValue: 2)
  public static let three = StripeTrackSet(rawValue: 4)
  public static let all = StripeTrackSet(rawValue: 7)

  public func contains(_ track: StripeTrack) -> Bool {
    rawValue >> UInt8(track.index) & 1 == 1
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

  /// Calls `body` with the text of `track`.
  public mutating func withText<R: ~Copyable>(
    of track: StripeTrack, _ body: (inout TrackText) -> R
  ) -> R {
    switch track {
    case .one: body(&one)
    case .two: body(&two)
    case .three: body(&three)
    }
  }
}
