// The virtual card: that its edges are what the conditions say, and the same for the same seed.

import Magstripe
import Octets
import Simulator
import Testing

private func edges(_ conditions: SwipeConditions, seed: UInt64) -> [StripeEdge] {
  var card = StripeTracks()
  var random = SeededRandom(seed: 3)
  repeat { card.fillRandomly(&random) } while card.one.isEmpty
  var swipe = StripeSwipe(card, conditions, seed: seed, start: Instant(nanoseconds: 1_000))
  var list: [StripeEdge] = []
  while let edge = swipe.next() { list.append(edge) }
  return list
}

@Suite("A simulated swipe")
struct StripeSwipeTests {
  @Test("The same seed gives the same edges, another seed others")
  func seeds() {
    var random = SeededRandom(seed: 5)
    for kind in [StripeSettings.Kind.f2f, .clockData] {
      for seed in 0..<20 as Range<UInt64> {
        var conditions = SwipeConditions.noisy(kind, &random)
        conditions.jitter += 0.01
        let first = edges(conditions, seed: seed)
        #expect(first == edges(conditions, seed: seed))
        #expect(first != edges(conditions, seed: seed + 1))
      }
    }
  }

  @Test("Three tracks come in order of time, and take as long as the speed says")
  func order() {
    var conditions = SwipeConditions()
    conditions.inchesPerSecond = 33.75
    let list = edges(conditions, seed: 1)
    #expect(zip(list, list.dropFirst()).allSatisfy { $0.at <= $1.at })
    #expect(Set(list.map(\.track)) == [1, 2, 3])
    let milliseconds = Double((list.last!.at - list.first!.at).nanoseconds) / 1e6
    #expect(abs(milliseconds - 100) < 1)
  }

  @Test("Twice the speed at the end is half the time of a bit there, and 2/3 of the whole")
  func acceleration() {
    var conditions = SwipeConditions()
    conditions.inchesPerSecond = 33.75
    conditions.speedRatio = 2
    let list = edges(conditions, seed: 1).filter { $0.track == 2 }
    let whole = Double((list.last!.at - list.first!.at).nanoseconds) / 1e6
    #expect(abs(whole - 100 * 2 / 3) < 1)
    func interval(_ index: Int) -> Double {
      Double((list[index + 1].at - list[index].at).nanoseconds)
    }
    #expect(abs(interval(0) / interval(list.count - 2) - 2) < 0.05)
  }

  @Test("Faults happen as often as they are asked for")
  func faults() {
    let whole = edges(SwipeConditions(), seed: 1).count
    var conditions = SwipeConditions()
    conditions.loss = 0.1
    #expect(abs(Double(edges(conditions, seed: 1).count) / Double(whole) - 0.9) < 0.03)
    conditions = SwipeConditions()
    conditions.extra = 0.1
    #expect(abs(Double(edges(conditions, seed: 1).count) / Double(whole) - 1.1) < 0.03)
    conditions = SwipeConditions()
    conditions.noiseBefore = 7
    conditions.noiseAfter = 5
    #expect(edges(conditions, seed: 1).count == whole + 36)
    conditions = SwipeConditions()
    conditions.gap = true
    #expect(edges(conditions, seed: 1).count { $0.signal == .gap } == 3)
    conditions = SwipeConditions()
    conditions.insertRest = .milliseconds(5)
    #expect(edges(conditions, seed: 1).count == whole * 2)
  }
}
