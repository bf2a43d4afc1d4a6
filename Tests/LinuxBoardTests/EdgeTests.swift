import Magstripe
import Octets
import Testing

@testable import LinuxBoard

func at(_ nanoseconds: UInt64) -> Instant { Instant(nanoseconds: nanoseconds) }

func edge(_ nanoseconds: UInt64, track: UInt8 = 2, isHigh: Bool = false) -> StripeEdge {
  StripeEdge(at: at(nanoseconds), track: track, signal: .flux, isHigh: isHigh)
}

func gap(_ nanoseconds: UInt64, track: UInt8 = 0) -> StripeEdge {
  StripeEdge(at: at(nanoseconds), track: track, signal: .gap)
}

func record(
  _ nanoseconds: UInt64, _ sequence: UInt32, line: UInt8 = 0, level: UInt8 = 0, reserved: UInt16 = 0
) -> [UInt8] {
  let parts: [(UInt64, Int)] = [
    (nanoseconds, 8), (UInt64(sequence), 4), (UInt64(line), 1), (UInt64(level), 1),
    (UInt64(reserved), 2),
  ]
  return parts.flatMap { value, size in
    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}

/// Lines 0, 1 and 2: flux of the track of the same number plus 1.
func threeTracks() -> LineTable {
  var table = LineTable()
  for track in 1...3 as ClosedRange<UInt8> { table.append(LineRole(track: track, signal: .flux)) }
  return table
}

@Suite("Edges of several lines are put in order")
struct EdgeSorterTests {
  private func all(_ sorter: inout EdgeSorter, until horizon: UInt64) -> [StripeEdge] {
    var edges: [StripeEdge] = []
    while let edge = sorter.next(until: at(horizon)) { edges.append(edge) }
    return edges
  }

  @Test("by time, and in order of arrival at the same time")
  func order() {
    var sorter = EdgeSorter()
    for (time, track) in [(30, 1), (10, 2), (30, 3), (20, 1), (40, 2)] as [(UInt64, UInt8)] {
      sorter.insert(edge(time, track: track))
    }
    #expect(all(&sorter, until: 9).isEmpty)
    #expect(
      all(&sorter, until: 30) == [
        edge(10, track: 2), edge(20, track: 1), edge(30, track: 1), edge(30, track: 3),
      ])
    #expect(sorter.count == 1)
    #expect(all(&sorter, until: 99) == [edge(40, track: 2)])
  }

  @Test("one that comes too late for its track is a gap of that track only")
  func late() {
    var sorter = EdgeSorter()
    sorter.insert(edge(50, track: 1))
    #expect(all(&sorter, until: 50) == [edge(50, track: 1)])
    sorter.insert(edge(40, track: 1))
    sorter.insert(edge(45, track: 2))
    #expect(all(&sorter, until: 60) == [gap(50, track: 1), edge(45, track: 2)])
  }

  @Test("a shuffle of all it can hold comes out sorted")
  func shuffled() {
    var sorter = EdgeSorter()
    for round in 0..<3 as Range<UInt64> {
      let times = (0..<UInt64(EdgeSorter.capacity)).map { $0 + round * 10_000 }
      // An odd factor permutes a power of two.
      for index in times.indices { sorter.insert(edge(times[index * 389 % times.count])) }
      #expect(sorter.isFull == true)
      #expect(all(&sorter, until: 1_000_000).map(\.at.nanoseconds) == times)
    }
  }
}

@Suite("The bench's stream of edges")
struct EdgeStreamTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var bytes: [UInt8]
    var edges: [StripeEdge]
    var bad: UInt64 = 0
  }

  static let cases = [
    Case(
      testDescription: "plain records",
      bytes: record(1_000, 7) + record(2_000, 8, line: 2, level: 1),
      edges: [edge(1_000, track: 1), edge(2_000, track: 3, isHigh: true)]),
    Case(
      testDescription: "a lost record is a gap",
      bytes: record(1_000, 7) + record(2_000, 9),
      edges: [edge(1_000, track: 1), gap(2_000), edge(2_000, track: 1)]),
    Case(
      testDescription: "the sequence wraps",
      bytes: record(1_000, UInt32.max) + record(2_000, 0),
      edges: [edge(1_000, track: 1), edge(2_000, track: 1)]),
    Case(
      testDescription: "reserved bits are not ignored",
      bytes: record(1_000, 7) + record(2_000, 8, reserved: 1) + record(3_000, 9),
      edges: [edge(1_000, track: 1), gap(1_000), edge(3_000, track: 1)], bad: 1),
    Case(
      testDescription: "an unknown line",
      bytes: record(1_000, 7) + record(2_000, 8, line: 3) + record(3_000, 9),
      edges: [edge(1_000, track: 1), gap(1_000), edge(3_000, track: 1)], bad: 1),
    Case(
      testDescription: "a level that is none",
      bytes: record(1_000, 7, level: 2) + record(3_000, 9),
      edges: [gap(9_000_000_000), edge(3_000, track: 1)], bad: 1),
    Case(
      testDescription: "a little back in time is another line's, more than a second is nonsense",
      bytes: record(3_000_000_000, 7) + record(2_000_000_000, 8) + record(999_999_999, 9)
        + record(999_999_999, 10),
      edges: [
        edge(3_000_000_000, track: 1), edge(2_000_000_000, track: 1), gap(2_000_000_000),
        edge(999_999_999, track: 1),
      ], bad: 1),
    Case(
      testDescription: "more than a second ahead is nonsense",
      bytes: record(10_000_000_000, 7) + record(10_000_000_001, 8),
      edges: [edge(10_000_000_000, track: 1), gap(10_000_000_000)], bad: 1),
    Case(
      testDescription: "half a record is nothing yet",
      bytes: record(1_000, 7) + record(2_000, 8).prefix(15), edges: [edge(1_000, track: 1)]),
  ]

  @Test("whole and one byte at a time", arguments: cases)
  func decodes(_ example: Case) {
    for size in [example.bytes.count, 1] {
      var decoder = EdgeStreamDecoder(lines: threeTracks())
      var found: [StripeEdge] = []
      for start in stride(from: 0, to: example.bytes.count, by: size) {
        let part = Array(example.bytes[start..<(start + size)])
        decoder.feed(part.span, now: at(9_000_000_000)) { found.append($0) }
      }
      #expect(found == example.edges)
      #expect(decoder.badRecords == example.bad)
    }
  }

  @Test("a new stream does not inherit the old one's half record or sequence")
  func restart() {
    var decoder = EdgeStreamDecoder(lines: threeTracks())
    var found: [StripeEdge] = []
    let old = record(1_000, 7) + record(2_000, 8).prefix(5)
    decoder.feed(old.span, now: at(0)) { found.append($0) }
    decoder.restart()
    let new = record(500, 0)
    decoder.feed(new.span, now: at(0)) { found.append($0) }
    #expect(found == [edge(1_000, track: 1), edge(500, track: 1)])
  }
}
