// The simulator's only source of chance: the same seed gives the same world, in both builds.

import Octets

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): 64 bits
/// of state, full period, and any two seeds start unrelated sequences. Not for keys.
public struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ word &>> 30) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ word &>> 27) &* 0x94D0_49BB_1331_11EB
    return word ^ word &>> 31
  }

  /// A number from 0 up to, but without, `bound`, which must be positive. Its bias is below
  /// `bound` / 2^32.
  public mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0 && bound <= 1 &<< 31, "our own bound")
    return Int(((next() &>> 32) &* UInt64(bound)) &>> 32)
  }

  /// A number in 0..<1 with 53 random bits.
  public mutating func unit() -> Double { Double(next() &>> 11) * 0x1p-53 }

  /// A number evenly spread over -`reach`...`reach`.
  public mutating func spread(_ reach: Double) -> Double { (2 * unit() - 1) * reach }

  /// True once in 1 / `probability` times.
  public mutating func chance(_ probability: Double) -> Bool { unit() < probability }
}

extension Bytes {
  /// Appends random bytes until full. Not for real keys.
  mutating func fill(_ random: inout SeededRandom) {
    while room > 0 {
      do { try append(UInt8(truncatingIfNeeded: random.next())) } catch { return }
    }
  }
}
