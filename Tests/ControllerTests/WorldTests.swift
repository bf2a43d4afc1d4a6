// Many seeded worlds: whatever goes wrong around a kiosk, every promise holds.

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
}
