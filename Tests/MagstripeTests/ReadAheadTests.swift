// Reading ahead in a pause may change when a swipe is read, never what is read.

import Magstripe
import Octets
import Simulator
import Testing

@Suite("Reading ahead")
struct ReadAheadTests {
  private static let pause = Interval.milliseconds(4)

  private static func conditions(_ seed: UInt64) -> SwipeConditions {
    var conditions = SwipeConditions()
    conditions.inchesPerSecond = Double(3 + seed * 7 % 60)
    conditions.jitter = 0.02 * Double(seed % 8)
    conditions.loss = seed % 5 == 4 ? 0.01 : 0
    conditions.direction = seed % 2 == 0 ? .forward : .backward
    return conditions
  }

  /// A head that has taken `list` and read all of it ahead.
  private static func head(ahead list: [StripeEdge]) -> StripeHead {
    var head = StripeHead(StripeSettings(kind: .f2f))
    for edge in list { head.record(edge) }
    for _ in 0..<3 { head.readAhead(at: head.lastEdge! + pause) }
    return head
  }

  @Test("What is read does not depend on how far the head was read ahead", arguments: 1...40)
  func same(seed: UInt64) {
    let list = edges(
      of: testCard(track1, track2, track3), Self.conditions(seed), seed: seed)
    var plain = StripeHead(StripeSettings(kind: .f2f))
    for edge in list { plain.record(edge) }
    let wanted = plain.decoded()
    for calls in 1...4 {
      var head = StripeHead(StripeSettings(kind: .f2f))
      for edge in list { head.record(edge) }
      for _ in 0..<calls { head.readAhead(at: head.lastEdge! + Self.pause) }
      let swiped = head.decoded()
      #expect(swiped.texts == wanted.texts)
      for track in [StripeTrack.one, .two, .three] {
        #expect(swiped.report[track] == wanted.report[track])
      }
    }
  }

  @Test("An edge after the pause makes void what was read ahead")
  func goesOn() {
    let list = edges(of: testCard(track1, track2, track3), SwipeConditions())
    var head = StripeHead(StripeSettings(kind: .f2f))
    // The hand rests wherever it likes, and each time all tracks are read ahead.
    for (index, edge) in list.enumerated() {
      if index % 97 == 96 {
        for _ in 0..<3 { head.readAhead(at: head.lastEdge! + Self.pause) }
      }
      head.record(edge)
    }
    #expect(head.decoded().texts == [track1, track2, track3])
  }

  @Test("A gap after the pause counts")
  func gap() {
    let list = edges(of: testCard(track1, track2, track3), SwipeConditions())
    var head = Self.head(ahead: list)
    head.record(StripeEdge(at: list.last!.at, track: 2, signal: .gap))
    #expect(head.decoded().texts == [track1, "", track3])
  }

  @Test("A reset forgets what was read ahead")
  func reset() {
    let list = edges(of: testCard(track1, track2, track3), SwipeConditions())
    var head = Self.head(ahead: list)
    head.reset()
    #expect(head.decoded().texts == ["", "", ""])
    #expect(head.decoded().report.isBlank)
  }

  @Test("Disorder stays disorder, however often it is read ahead")
  func disorder() {
    var head = StripeHead(StripeSettings(kind: .f2f))
    var list = edges(of: testCard("", track2), SwipeConditions())
    list.swapAt(60, 90)
    for edge in list { head.record(edge) }
    for _ in 0..<3 {
      head.readAhead(at: head.lastEdge! + Self.pause)
      head.readAhead(at: head.lastEdge! + Self.pause)
      // An edge of no track makes void what was read, and leaves the disordered edges.
      head.record(StripeEdge(at: list[0].at, track: 9, signal: .flux))
    }
    #expect(head.decoded().report[.two].outcome == .unreadable(.disorder))
  }
}
