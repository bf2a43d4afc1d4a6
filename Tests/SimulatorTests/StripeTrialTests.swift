// A trial: nothing may be read falsely, however bad the swipe. The million of
// swipes is a command of its own.

import Magstripe
import Simulator
import Testing

@Suite("Many swipes")
struct StripeTrialTests {
  @Test(
    "Noisy swipes are never read falsely",
    arguments: [StripeSettings.Kind.f2f, .clockData], 0..<4 as Range<UInt64>)
  func noFalseReads(kind: StripeSettings.Kind, part: UInt64) {
    var trial = StripeTrial(kind)
    for seed in part * 2_500..<(part + 1) * 2_500 { trial.swipeNoisily(seed: seed) }
    let tally = trial.tally
    #expect(tally.falselyRead == 0, "first seed: \(tally.firstFalseSeed ?? 0)")
    #expect(tally.read > tally.tracks / 4)
  }

  @Test("A card that is swiped well is always read")
  func cleanSwipes() {
    var trial = StripeTrial(.f2f)
    var conditions = SwipeConditions()
    conditions.jitter = 0.05
    for seed in 0..<50 as Range<UInt64> { trial.swipe(conditions, seed: seed) }
    #expect(trial.tally.read == trial.tally.tracks)
    #expect(trial.tally.swipes == 50)
  }
}
