// Whole swipes of both kinds of head: what must be read, and what must be refused.

import Magstripe
import Octets
import Simulator
import Testing

/// One line of the table of what must be read.
struct ReadingCase: CustomTestStringConvertible {
  var kind: StripeSettings.Kind
  var inchesPerSecond: Double
  var jitter: Double
  var speedRatio: Double

  var testDescription: String {
    "\(kind) at \(inchesPerSecond) in/s, jitter \(jitter), acceleration \(speedRatio)"
  }

  static var all: [ReadingCase] {
    var cases: [ReadingCase] = []
    for kind in [StripeSettings.Kind.f2f, .clockData] {
      for speed in [3.0, 10, 30, 50, 100] {
        for jitter in [0, 0.05, 0.10, 0.15] {
          for ratio in [0.5, 1, 2] where speed * ratio >= 3 && speed * ratio <= 100 {
            cases.append(
              ReadingCase(kind: kind, inchesPerSecond: speed, jitter: jitter, speedRatio: ratio))
          }
        }
      }
    }
    return cases
  }
}

@Suite("Swipes")
struct SwipeTests {
  @Test("All tracks are read at every speed, jitter and acceleration", arguments: ReadingCase.all)
  func everySpeed(_ line: ReadingCase) {
    let card = testCard(track1, track2, track3)
    var head = StripeHead(StripeSettings(kind: line.kind))
    var conditions = SwipeConditions()
    conditions.kind = line.kind
    conditions.inchesPerSecond = line.inchesPerSecond
    conditions.jitter = line.jitter
    conditions.speedRatio = line.speedRatio
    for seed in 1...UInt64(6) {
      conditions.direction = seed & 1 == 0 ? .forward : .backward
      let swiped = head.swipe(card, conditions, seed: seed)
      #expect(swiped.texts == [track1, track2, track3], "seed \(seed)")
      #expect(swiped.report[.two].outcome == .good(conditions.direction), "seed \(seed)")
    }
  }

  @Test(
    "Noise before and after the card does not matter",
    arguments: [StripeSettings.Kind.f2f, .clockData], [StripeDirection.forward, .backward])
  func noise(kind: StripeSettings.Kind, direction: StripeDirection) {
    let card = testCard(track1, track2, track3)
    var head = StripeHead(StripeSettings(kind: kind))
    var conditions = SwipeConditions()
    conditions.kind = kind
    conditions.direction = direction
    conditions.jitter = 0.08
    conditions.noiseBefore = 60
    conditions.noiseAfter = 60
    // A clock and data head has swallowed 15 of the 22 zeros of track 2: 7 are too few after noise.
    let isShort = kind == .clockData && direction == .forward
    for seed in 1...UInt64(10) {
      let swiped = head.swipe(card, conditions, seed: seed)
      #expect(swiped.texts == [track1, isShort ? "" : track2, track3], "seed \(seed)")
    }
  }

  @Test(
    "Four leading zeros on track 2 and nine on the others are enough",
    arguments: [StripeTrack.one, .two, .three])
  func fewZeros(track: StripeTrack) {
    let texts = [track1, track2, track3]
    let index = Int(track.rawValue) - 1
    let card = testCard(
      track == .one ? track1 : "", track == .two ? track2 : "", track == .three ? track3 : "")
    var head = StripeHead(StripeSettings(kind: .f2f))
    var conditions = SwipeConditions()
    conditions.leadingZeros = track == .two ? 4 : 9
    #expect(head.swipe(card, conditions).texts[index] == texts[index])
    // With noise before them so few zeros could as well be in the middle of the data.
    conditions.noiseBefore = 20
    #expect(head.swipe(card, conditions).texts[index] == "")
    conditions.leadingZeros = 16
    #expect(head.swipe(card, conditions).texts[index] == texts[index])
  }

  @Test("A card that goes into an insert reader and out again is read once or twice")
  func insert() {
    let card = testCard(track1, track2, track3)
    var head = StripeHead(StripeSettings(kind: .f2f))
    var conditions = SwipeConditions()
    conditions.insertRest = .milliseconds(5)
    conditions.jitter = 0.05
    var swiped = head.swipe(card, conditions)
    #expect(swiped.texts == [track1, track2, track3])
    #expect(swiped.report[.two].readings == 2)
    // A scratch spoils the way in or the way out, the other one remains.
    conditions.scratch = 4
    for seed in 1...UInt64(20) {
      swiped = head.swipe(card, conditions, seed: seed)
      for (text, whole) in zip(swiped.texts, [track1, track2, track3]) {
        #expect(text == whole || text == "", "seed \(seed)")
      }
    }
  }

  @Test("Two cards in one capture are a conflict, not one of them")
  func twoCards() {
    var head = StripeHead(StripeSettings(kind: .f2f))
    let first = edges(of: testCard("", track2), SwipeConditions())
    let second = edges(of: testCard("", ";5555555555554444=30121010000000000?"), SwipeConditions())
    let later = first.last!.at - second.first!.at + .milliseconds(4)
    for edge in first { head.record(edge) }
    for var edge in second {
      edge.at = edge.at + later
      head.record(edge)
    }
    let swiped = head.decoded()
    #expect(swiped.report[.two].outcome == .unreadable(.conflict))
    #expect(swiped.texts[1].isEmpty)
  }

  @Test(
    "A missing edge makes a track unreadable, wherever it is, and never something else",
    arguments: [StripeSettings.Kind.f2f, .clockData])
  func everyMissingEdge(kind: StripeSettings.Kind) {
    var conditions = SwipeConditions()
    conditions.kind = kind
    let whole = edges(of: testCard("", track2), conditions)
    var head = StripeHead(StripeSettings(kind: kind))
    var unreadable = 0
    for missing in whole.indices {
      for (index, edge) in whole.enumerated() where index != missing { head.record(edge) }
      let swiped = head.decoded()
      #expect(swiped.texts[1] == track2 || swiped.texts[1] == "", "edge \(missing)")
      unreadable += swiped.texts[1].isEmpty ? 1 : 0
    }
    // Those in the zeros at either end do no harm.
    #expect(unreadable > whole.count / 2)
  }

  @Test(
    "An extra edge makes a track unreadable, wherever it is, and never something else",
    arguments: [StripeSettings.Kind.f2f, .clockData])
  func everyExtraEdge(kind: StripeSettings.Kind) {
    var conditions = SwipeConditions()
    conditions.kind = kind
    let whole = edges(of: testCard("", track2), conditions)
    var head = StripeHead(StripeSettings(kind: kind))
    for after in whole.indices.dropLast() {
      for part in [1, 3, 5, 7] as [Int64] {
        let gap = (whole[after + 1].at - whole[after].at).nanoseconds
        var extra = whole[after]
        if extra.signal == .cardPresent { continue }
        extra.at = extra.at + Interval(nanoseconds: gap * part / 8)
        for edge in whole[...after] { head.record(edge) }
        head.record(extra)
        for edge in whole[(after + 1)...] { head.record(edge) }
        let text = head.decoded().texts[1]
        #expect(text == track2 || text == "", "after edge \(after), \(part)/8")
      }
    }
  }

  @Test("A good track is delivered when the others are bad")
  func oneOfThree() {
    let card = testCard(track1, track2, track3)
    var head = StripeHead(StripeSettings(kind: .f2f))
    for (index, edge) in edges(of: card, SwipeConditions()).enumerated() {
      if edge.track == 1, index % 40 == 0 { continue }
      head.record(edge)
      if edge.track == 3, index == 900 {
        head.record(StripeEdge(at: edge.at, track: 3, signal: .gap))
      }
    }
    let swiped = head.decoded()
    #expect(swiped.texts == ["", track2, ""])
    #expect(swiped.report[.two].outcome == .good(.forward))
    #expect(swiped.report[.three].outcome == .unreadable(.gap) || swiped.report[.three].edges < 900)
    guard case .unreadable = swiped.report[.one].outcome else {
      Issue.record("track 1 lost edges but is \(swiped.report[.one].outcome)")
      return
    }
  }

  @Test("Clock and data edges that are stamped in the wrong order are put right")
  func swappedEdges() {
    var conditions = SwipeConditions()
    conditions.kind = .clockData
    conditions.inchesPerSecond = 60
    var list = edges(of: testCard(track1, track2, track3), conditions)
    // DATA comes 1 µs before STROBE: hand over, and stamp, the strobe first.
    for index in list.indices.dropLast()
    where list[index].signal == .data && list[index + 1].signal == .strobe
      && list[index].track == list[index + 1].track
    {
      list.swapAt(index, index + 1)
      if index % 2 == 0 { list[index + 1].at = list[index].at + .microseconds(2) }
    }
    var head = StripeHead(StripeSettings(kind: .clockData))
    for edge in list { head.record(edge) }
    #expect(head.decoded().texts == [track1, track2, track3])
  }
}
