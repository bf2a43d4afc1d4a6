// How far a card has come, and when: positions on the stripe → times.

/// A card in motion over a stripe of unit length, with constant acceleration or two of them.
struct StripeMotion: BitwiseCopyable {
  /// ISO/IEC 7810 ID-1: 85.6 mm, in inches.
  static let inches = 3.375

  /// Speeds in stripes a second: at the start, at the end of the first part, at the end.
  private let entry: Double
  private let turn: Double
  private let exit: Double
  /// Where the first part ends: 1 for a ramp.
  private let middle: Double

  init(_ conditions: SwipeConditions) {
    let speed = max(conditions.inchesPerSecond, 0.1) / Self.inches
    let other = speed * max(conditions.speedRatio, 0.01)
    entry = speed
    turn = other
    switch conditions.profile {
    case .ramp:
      exit = other
      middle = 1
    case .surge:
      exit = speed
      middle = 0.5
    }
  }

  /// Speed at `position`, in stripes a second: v² grows evenly with the way.
  func speed(at position: Double) -> Double {
    if position <= middle {
      return Self.speed(entry, turn, position / middle)
    }
    return Self.speed(turn, exit, (position - middle) / (1 - middle))
  }

  /// Seconds from position 0 to `position`: the way by the mean of the speeds at its ends.
  func time(at position: Double) -> Double {
    if position <= middle { return 2 * position / (entry + speed(at: position)) }
    return 2 * middle / (entry + turn) + 2 * (position - middle) / (turn + speed(at: position))
  }

  private static func speed(_ from: Double, _ to: Double, _ part: Double) -> Double {
    let square = from * from + (to * to - from * from) * part
    // Beyond the end of the stripe a braking card would stop: it keeps a tenth of its speed.
    return max(square, 0.01 * from * from).squareRoot()
  }
}
