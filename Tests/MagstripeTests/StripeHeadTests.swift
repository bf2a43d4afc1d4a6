// What a head collects, when its swipe is over, and that it forgets it.

import Magstripe
import Octets
import Simulator
import Testing

private func flux(_ microseconds: UInt64, track: UInt8 = 2) -> StripeEdge {
  StripeEdge(
    at: Instant(nanoseconds: 1_000_000_000 + microseconds * 1_000), track: track, signal: .flux)
}

@Suite("A stripe head")
struct StripeHeadTests {
  @Test("A swipe ends after the silence and not before")
  func silence() {
    var head = StripeHead(StripeSettings(kind: .f2f, silence: .milliseconds(8)))
    let start = Instant(nanoseconds: 1_000_000_000)
    #expect(head.hasEnded(at: start) == false)
    #expect(head.lastEdge == nil)
    head.record(flux(0))
    head.record(flux(500))
    #expect(head.lastEdge == start + .microseconds(500))
    #expect(head.hasEnded(at: start + .microseconds(8_499)) == false)
    #expect(head.hasEnded(at: start + .microseconds(8_500)) == true)
    #expect(head.decoded().report.isBlank)
    #expect(head.lastEdge == nil)
    #expect(head.hasEnded(at: start + .seconds(1)) == false)
  }

  @Test("CARD PRESENT ends a swipe early, and is none by itself")
  func cardPresent() {
    var head = StripeHead(StripeSettings(kind: .clockData))
    let start = Instant(nanoseconds: 1_000_000_000)
    func present(_ microseconds: Int64, isHigh: Bool) -> StripeEdge {
      StripeEdge(
        at: start + .microseconds(microseconds), track: 0, signal: .cardPresent, isHigh: isHigh)
    }
    head.record(present(0, isHigh: false))
    head.record(present(900, isHigh: true))
    #expect(head.hasEnded(at: start + .seconds(1)) == false)
    let strobe = StripeEdge(at: start + .seconds(2), track: 2, signal: .strobe)
    head.record(strobe)
    #expect(head.hasEnded(at: start + .seconds(2)) == false)
    head.record(present(2_000_100, isHigh: true))
    #expect(head.hasEnded(at: start + .microseconds(2_000_200)) == true)
    // A strobe with a later time says that the card is still there.
    head.record(StripeEdge(at: start + .microseconds(2_000_150), track: 2, signal: .strobe))
    #expect(head.hasEnded(at: start + .microseconds(2_000_200)) == false)
  }

  @Test("A line that never falls silent ends its capture as an overflow")
  func endlessNoise() {
    var head = StripeHead(StripeSettings(kind: .f2f))
    var time: UInt64 = 0
    while !head.hasEnded(at: Instant(nanoseconds: 1_000_000_000 + time * 1_000)) {
      head.record(flux(time))
      time += 700
    }
    #expect(time > 3_990_000 && time < 4_010_000)
    #expect(head.decoded().report[.two].outcome == .unreadable(.overflow))
  }

  @Test("More edges than there is room for make a track unreadable, and no other")
  func overflow() {
    var head = StripeHead(StripeSettings(kind: .f2f))
    for edge in edges(of: testCard("", track2), SwipeConditions()) { head.record(edge) }
    for index in 0..<4_000 { head.record(flux(UInt64(index) * 20, track: 1)) }
    let swiped = head.decoded()
    #expect(swiped.report[.one].outcome == .unreadable(.overflow))
    #expect(swiped.texts[1] == track2)
  }

  @Test("A gap is believed by the tracks it concerns", arguments: [0, 1, 2, 3] as [UInt8])
  func gap(track: UInt8) {
    var head = StripeHead(StripeSettings(kind: .f2f))
    let list = edges(of: testCard(track1, track2, track3), SwipeConditions())
    for edge in list { head.record(edge) }
    head.record(StripeEdge(at: list[200].at, track: track, signal: .gap))
    let swiped = head.decoded()
    for (index, text) in [track1, track2, track3].enumerated() {
      let isHit = track == 0 || Int(track) == index + 1
      let outcome = swiped.report[StripeTrack(rawValue: UInt8(index + 1))!].outcome
      #expect(outcome == (isHit ? .unreadable(.gap) : .good(.forward)))
      #expect(swiped.texts[index] == (isHit ? "" : text))
    }
  }

  @Test(
    "A gap before the first edge is believed only as long as a swipe may pause",
    arguments: [(6, true), (7, false), (500, false)])
  func gapBefore(milliseconds: Int64, isHit: Bool) {
    var head = StripeHead(StripeSettings(kind: .f2f, silence: .milliseconds(7)))
    let list = edges(of: testCard("", track2), SwipeConditions())
    let early = Interval(nanoseconds: -1_000_000 * milliseconds)
    head.record(StripeEdge(at: list[0].at + early, track: 0, signal: .gap))
    for edge in list { head.record(edge) }
    let outcome = head.decoded().report[.two].outcome
    #expect(outcome == (isHit ? .unreadable(.gap) : .good(.forward)))
  }

  @Test("Edges far out of order are not sorted into a guess")
  func disorder() {
    var head = StripeHead(StripeSettings(kind: .f2f))
    var list = edges(of: testCard("", track2), SwipeConditions())
    list.swapAt(60, 90)
    for edge in list { head.record(edge) }
    #expect(head.decoded().report[.two].outcome == .unreadable(.disorder))
  }

  @Test("Few edges are blank, a few more are too few, noise has no clock")
  func fewEdges() {
    var head = StripeHead(StripeSettings(kind: .f2f, minimumEdges: 24))
    for (count, outcome) in [
      (23, .blank), (24, .unreadable(.tooFewEdges)), (34, .unreadable(.tooFewEdges)),
      (200, .unreadable(.noStartSentinel)),
    ] as [(Int, StripeOutcome)] {
      for index in 0..<count { head.record(flux(UInt64(index) * 300)) }
      #expect(head.decoded().report[.two].outcome == outcome)
    }
    var time: UInt64 = 0
    for index in 0..<200 {
      time += index % 2 == 0 ? 100 : 900
      head.record(flux(time))
    }
    #expect(head.decoded().report[.two].outcome == .unreadable(.noClock))
  }

  @Test("Tracks the head does not have, and signals it does not give, are ignored")
  func foreignEdges() {
    var head = StripeHead(StripeSettings(kind: .f2f, tracks: .none.with(.two)))
    for edge in edges(of: testCard(track1, track2), SwipeConditions()) { head.record(edge) }
    for track in [0, 4, 255] as [UInt8] {
      for signal in [StripeEdge.Signal.flux, .strobe, .data, .cardPresent, .gap] where track != 0 {
        head.record(StripeEdge(at: Instant(nanoseconds: 5), track: track, signal: signal))
      }
    }
    let swiped = head.decoded()
    #expect(swiped.texts == ["", track2, ""])
    #expect(swiped.report[.one].outcome == .blank)
  }

  @Test("What was decoded is gone")
  func forgets() {
    var head = StripeHead(StripeSettings(kind: .f2f))
    #expect(head.swipe(testCard("", track2), SwipeConditions()).texts[1] == track2)
    #expect(head.decoded().texts == ["", "", ""])
    withUnsafeBytes(of: &head) { bytes in
      // Settings and the marks of absent optionals are all that is left of 50 KiB.
      #expect(bytes.count { $0 != 0 } < 64)
      #expect(bytes.count < 65_536)
    }
  }

  @Test("An explanation gives speeds, bits and places")
  func explanation() throws {
    for direction in [StripeDirection.forward, .backward] {
      var conditions = SwipeConditions()
      conditions.inchesPerSecond = 10
      conditions.speedRatio = 2
      conditions.direction = direction
      conditions.jitter = 0.05
      let list = edges(of: testCard("", track2), conditions)
      var head = StripeHead(StripeSettings(kind: .f2f))
      for edge in list { head.record(edge) }
      var text = TrackText()
      var bits = BitTrack()
      let trace = head.explain(.two, into: &text, bits: &bits)
      #expect(text.string == track2)
      #expect(trace.outcome == .good(direction))
      #expect(trace.edges == list.count)
      let run = try #require(trace.run)
      let speeds = run.speeds(.two)
      #expect(abs(speeds.first - 10) < 1)
      #expect(abs(speeds.last - 20) < 2)
      #expect(run.bits == bits.count)
      #expect(bits.count == 253)
      let frame = try #require(trace.frame)
      #expect(frame.bits.lowerBound == (direction == .forward ? 22 : 253 - 22 - frame.bits.count))
      var again = TrackText()
      let reread = bits.decode(.two, into: &again)
      #expect(again.string == track2)
      #expect(reread.frame?.bits == frame.bits)
      #expect(head.decoded().texts[1] == track2)
    }
  }
}
