// The simulator's randomness must be the same everywhere and for ever.

import Simulator
import Testing

@Suite("Seeded randomness")
struct RandomTests {
  @Test("SplitMix64 gives its known numbers")
  func knownAnswers() {
    // The widely published first outputs for seed 1234567 (rosettacode.org, Pseudo-random numbers/
    // Splitmix64).
    var random = SeededRandom(seed: 1_234_567)
    let expected: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
    ]
    for number in expected { #expect(random.next() == number) }
  }

  @Test("Bounded numbers reach every value and none beyond")
  func bounds() {
    var random = SeededRandom(seed: 1)
    var seen = Set<Int>()
    for _ in 0..<1_000 { seen.insert(random.below(7)) }
    #expect(seen == Set(0..<7))
    for _ in 0..<1_000 {
      #expect((0..<1).contains(random.unit()))
      #expect(abs(random.spread(0.15)) <= 0.15)
    }
  }
}
