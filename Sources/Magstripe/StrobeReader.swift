// TTL clock and data: strobes and data edges → bits.
//
// The level of DATA is rebuilt by counting its edges from the idle level. What the kernel says
// about an edge's direction is read later than its time and cannot be relied upon. When an edge is
// lost the levels after it are wrong: all characters then have the wrong parity, as they have an
// odd number of bits.

extension TrackReader {
  /// The tags of stored edges of a clock and data head.
  static var strobeTag: UInt32 { 0 }
  static var dataTag: UInt32 { 1 }

  /// How far from its place a strobe may be, in bits. Halfway to the next would be 0.5.
  private static var tolerance: Double { 0.36 }

  /// 5 ms, more than a bit of 75 bpi at 3 in/s, in stored units.
  private static var longestBit: UInt32 { 5_000_000 / UInt32(StoredEdge.unit) }

  /// Reduces sorted strobe and data edges to strobes, in place, and returns how many there are. A
  /// strobe's tag is its bit then.
  static func reduceToStrobes(_ edges: inout MutableSpan<StoredEdge>) -> Int {
    var strobes = 0
    var bit: UInt32 = 0
    var pending = 0
    for index in edges.indices where edges[index].tag == strobeTag {
      let previous = strobes > 0 ? edges[strobes - 1].units : edges[index].units
      let sample = sampleTime(edges, index, previous: previous)
      while pending < edges.count, edges[pending].units <= sample || pending < index {
        // Negative true, and high when idle.
        if edges[pending].tag == dataTag { bit ^= 1 }
        pending += 1
      }
      // What is overwritten has been looked at: there are never more strobes than edges so far.
      edges[strobes] = StoredEdge(units: edges[index].units, tag: bit)
      strobes += 1
    }
    return strobes
  }

  /// DATA is valid from 1 µs before a falling strobe to 1 µs before the next one. It is sampled a
  /// quarter of the way, as edges of two lines that come together may be stamped in either order.
  private static func sampleTime(
    _ edges: borrowing MutableSpan<StoredEdge>, _ index: Int, previous: UInt32
  ) -> UInt32 {
    let now = edges[index].units
    var next = index + 1
    while next < edges.count, edges[next].tag != strobeTag { next += 1 }
    let bit = next < edges.count ? edges[next].units &- now : now &- previous
    return now &+ min(bit, longestBit) / 4
  }

  /// Goes on from a clock found at `first` as long as strobes keep its time: a strobe that is
  /// missing, or one too many, ends the run.
  func followStrobes(
    _ line: borrowing EdgeLine, from first: Int, _ start: FluxClock, _ memory: FluxClock.Memory
  ) -> TrackRun {
    var clock = start
    var last = first + EdgeLine.seed - 1
    while last + 1 < line.count {
      let late = clock.lateness(of: line.time(last + 1), after: 2)
      guard abs(late * clock.bitsPerUnit) <= Self.tolerance else { break }
      last += 1
      clock = clock.advanced(2, late: late, memory.gains(after: last - first))
    }
    return TrackRun(
      first: first, last: last, kind: .clockData, memory: memory, start: start, end: clock)
  }

  mutating func collectStrobes(_ line: borrowing EdgeLine, _ run: TrackRun) {
    bits.removeAll()
    doubts.removeAll()
    for index in run.first...run.last {
      bits.append(line.tag(index) == 1)
      doubts.append(false)
    }
  }
}
