// What a running program left for the doctor, read again: its own line, and anything else.

import Doctor
import Octets
import Testing

@Suite("Counts of a running program")
struct RunningCountsTests {
  private func read(_ text: String) -> [UInt64] {
    var facts = LinkFacts()
    facts.take(Array(text.utf8).span)
    return [
      facts.frames, facts.noise, facts.forged, facts.replayed, facts.releases, facts.late,
    ]
  }

  @Test("are read whatever their order")
  func order() {
    #expect(
      read("frames=1 noise=2 forged=3 replayed=4 releases=5 late=6\n") == [1, 2, 3, 4, 5, 6])
    #expect(read("late=6\nreleases=5 frames=1") == [1, 0, 0, 0, 5, 6])
    #expect(read("frames=999999999999999999") == [999_999_999_999_999_999, 0, 0, 0, 0, 0])
  }

  @Test(
    "are left out where they are none",
    arguments: [
      "", " ", "=", "frames", "frames=", "frames=-1", "frames=1x", "frames =1", "frame=1",
      "frames=1000000000000000000", "frames==1", "FRAMES=1",
    ])
  func none(text: String) {
    #expect(read(text) == [0, 0, 0, 0, 0, 0])
  }
}
