// Many seeded worlds: whatever goes wrong around a kiosk, every promise holds, and a bug that is
// planted is found.

import Octets
import Simulator
import Testing

@Suite("In a seeded world")
struct WorldTests {
  @Test("every promise holds", arguments: 0..<8)
  func promises(_ part: Int) {
    for seed in part * 25..<part * 25 + 25 {
      var world = World(seed: UInt64(seed))
      world.run { _ in }
      let violation = world.violation
      #expect(violation == nil, "seed \(seed): \(String(describing: violation))")
    }
  }

  /// Among them a card that was read under one payment and recorded under the next (233), a copy
  /// that overtook its record (855), a payment said not to be known while it was on its way (1663,
  /// 1968) or said to be refused after it was made (287, 1878).
  @Test("a seed that once broke a promise does not", arguments: [233, 287, 855, 1663, 1878, 1968])
  func pastSeeds(_ seed: UInt64) {
    var world = World(seed: seed)
    world.run { _ in }
    #expect(world.violation == nil)
  }

  @Test("machines go down and come back, and payments are made meanwhile")
  func outages() {
    var sum = WorldTally()
    for seed in UInt64(0)..<50 {
      var world = World(seed: seed, payments: 4)
      world.run { _ in }
      sum += world.tally
    }
    #expect(sum.payments == 200 && sum.records > 60)
    #expect(sum.controllerOutages > 5 && sum.registerOutages > 5, "\(sum)")
  }

  @Test("cards are tapped, too, and give records")
  func taps() {
    var sum = WorldTally()
    for seed in UInt64(0)..<50 {
      var world = World(seed: seed, payments: 4)
      world.run { _ in }
      sum += world.tally
    }
    #expect(sum.taps > 15 && sum.records - sum.taps > 30, "\(sum)")
  }

  @Test("a seed always gives the same transcript", arguments: [UInt64(1), 7, 19])
  func sameTranscript(_ seed: UInt64) {
    #expect(transcript(seed) == transcript(seed))
    #expect(transcript(seed) != transcript(seed + 1))
    #expect(transcript(seed).count > 500)
  }

  private func transcript(_ seed: UInt64) -> [UInt8] {
    var text: [UInt8] = []
    var world = World(seed: seed, payments: 3)
    world.run { line in for index in line.indices { text.append(line[index]) } }
    return text
  }

  /// Each planted bug with the number of worlds within which it must be found.
  static let planted: [(canary: Canary, worlds: UInt64)] = [
    (.acknowledgedBeforeStored, 20), (.storedTwice, 10), (.leaseBeforeDurable, 100),
    (.epochNotCounted, 200), (.fileNotSynced, 50), (.directoryNotSynced, 400),
    (.sameRandomNumbers, 50), (.cardInLog, 5), (.cardOnLine, 5), (.diskInLoop, 5),
    (.registerForgets, 50), (.registerLies, 50),
    (.tapInLog, 10), (.tapOnLine, 10), (.otherCard, 20),
  ]

  @Test("every planted bug is found", arguments: Canary.allCases)
  func plantedBugs(_ canary: Canary) {
    let worlds = Self.planted.first { $0.canary == canary }?.worlds ?? 0
    let found = (0..<worlds).first { seed in
      var world = World(seed: seed, canary: canary)
      world.run { _ in }
      return world.violation != nil
    }
    #expect(found != nil, "not found in \(worlds) worlds")
  }
}
