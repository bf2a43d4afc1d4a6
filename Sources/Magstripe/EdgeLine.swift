// The collected edges of one track, looked at in either direction of time.

import Octets

/// One edge as it is stored: a time since the start of the capture and two bits that belong to it.
struct StoredEdge: BitwiseCopyable {
  /// Times are stored in units of 4 ns: 30 bits last longer than any capture may.
  static let unit: UInt64 = 4

  var word: UInt32

  init(units: UInt32, tag: UInt32) { word = units &<< 2 | tag & 3 }

  var units: UInt32 { word &>> 2 }
  var tag: UInt32 { word & 3 }
}

/// A sorted row of edges, read from the first to the last or the other way round.
struct EdgeLine: ~Copyable, ~Escapable {
  /// Edges of the run of zeros that a clock starts from.
  static let seed = 5

  private let edges: Span<StoredEdge>
  let isReversed: Bool
  private let end: UInt32

  @_lifetime(copy edges)
  init(_ edges: Span<StoredEdge>, isReversed: Bool) {
    self.edges = edges
    self.isReversed = isReversed
    end = edges.count > 0 ? edges[edges.count - 1].units : 0
  }

  var count: Int { edges.count }

  /// In units of `StoredEdge.unit`, increasing with `index`.
  func time(_ index: Int) -> Double {
    isReversed ? Double(end &- edges[count - 1 - index].units) : Double(edges[index].units)
  }

  func tag(_ index: Int) -> UInt32 { edges[isReversed ? count - 1 - index : index].tag }

  /// A clock that starts from the zeros at `first`, if they can be zeros: the least-squares line
  /// through them. Reversals that are each off by 15 % make intervals of 0.7 to 1.3 bits.
  func clock(at first: Int) -> FluxClock? {
    let start = time(first)
    var previous = 0.0
    var shortest = Double.infinity
    var longest = 0.0
    var sum = 0.0
    var moment = 0.0
    for step in 1..<Self.seed {
      let elapsed = time(first + step) - start
      shortest = min(shortest, elapsed - previous)
      longest = max(longest, elapsed - previous)
      sum += elapsed
      moment += Double(step) * elapsed
      previous = elapsed
    }
    guard shortest > 0, longest < 2 * shortest else { return nil }
    let n = Double(Self.seed)
    let centre = (n - 1) / 2
    let bit = (moment - centre * sum) * 12 / (n * (n * n - 1))
    return FluxClock(last: start + sum / n + centre * bit, half: bit / 2)
  }
}
