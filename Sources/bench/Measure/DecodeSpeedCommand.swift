// `bench decode`: how long reading a swipe takes, from collected edges to characters, and how that
// grows with the edges.

import ArgumentParser
import Magstripe
import Octets
import Simulator

struct DecodeSpeedCommand: MeasureCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode", abstract: "Time to decode a swipe, by number of edges.")
  @OptionGroup var options: MeasureOptions

  static func measure(_ options: MeasureOptions, _ findings: inout Findings) throws {
    let rounds = options.quick ? 200 : 2_000
    findings.section(
      "decode of F2F swipes, interleaved, \(rounds) rounds (ordinary Swift build, -O)")
    var cases = SwipeCase.all()
    var head = StripeHead(StripeSettings(kind: .f2f))
    var tracks = StripeTracks()
    // The first round warms the caches and is not counted.
    for round in 0...rounds {
      for index in cases.indices {
        for edge in cases[index].edges { head.record(edge) }
        let start = monotonicNow()
        let report = head.decode(into: &tracks)
        if round > 0 { cases[index].times.record(since: start) }
        guard report[.one].outcome.isGood else {
          throw KioskFailure("\(cases[index].name): track 1 was not read")
        }
      }
    }
    tracks.wipe()
    for swipe in cases {
      let half = swipe.times.valueAtPercentile(50)
      let each = String(format: "%.1f", Double(half) / Double(swipe.edges.count))
      findings.show(
        "\(swipe.name), \(swipe.edges.count) edges", "\(swipe.times.words), \(each) ns an edge")
    }
    findings.require(
      "full track 1, median", microseconds(cases[0].times.valueAtPercentile(50)), atMost: 100, " us"
    )
  }
}

/// One kind of swipe and how long it took to read.
private struct SwipeCase {
  var name: String
  var edges: [StripeEdge]
  var times = Durations(numberOfSignificantValueDigits: .three)

  /// 79, 40 and 107 characters with sentinels and check: the most ISO/IEC 7811 allows.
  static func all() -> [SwipeCase] {
    let account = "4111111111111111"
    let one = "%B\(account)^TEST/VISA^2812201" + String(repeating: "7", count: 41) + "?"
    let two = ";\(account)=2812201" + String(repeating: "7", count: 13) + "?"
    let three = ";01\(account)=" + String(repeating: "7", count: 85) + "?"
    precondition(one.count == 78 && two.count == 39 && three.count == 106, "the longest tracks")
    var twice = SwipeConditions()
    twice.insertRest = .milliseconds(2)
    let all = TestCard(name: "", track1: one, track2: two, track3: three)
    return [
      SwipeCase("track 1", TestCard(name: "", track1: one, track2: "")),
      SwipeCase("tracks 1, 2", TestCard(name: "", track1: one, track2: two)),
      SwipeCase("tracks 1, 2, 3", all),
      SwipeCase("tracks 1, 2, 3 in and out again", all, twice),
    ]
  }

  private init(
    _ name: String, _ card: TestCard, _ conditions: SwipeConditions = SwipeConditions()
  ) {
    self.name = name
    edges = []
    var swipe = StripeSwipe(
      card.tracks(), conditions, seed: 1, start: Instant(nanoseconds: 1_000_000_000))
    while let edge = swipe.next() { edges.append(edge) }
  }
}
