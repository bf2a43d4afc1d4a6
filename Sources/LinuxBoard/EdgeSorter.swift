// Edges of several lines come out of the kernel nearly in order: each line's interrupt thread
// queues its own, later than it stamps them. DATA and STROBE of a TTL head may swap that way, so
// edges are held until none older can follow.

import CLinux
import Magstripe
import Octets

/// Holds edges and lets them go in the order of their time stamps. Sans-I/O.
struct EdgeSorter: ~Copyable {
  /// As many as the kernel keeps.
  static let capacity = 1024
  /// How long an interrupt thread may take to queue an edge that it has stamped.
  static let settle = Interval.microseconds(500)

  private var held = InlineArray<1024, StripeEdge>(
    repeating: StripeEdge(at: Instant(nanoseconds: 0), track: 0, signal: .gap))
  private var first = 0
  private(set) var count = 0
  /// The time stamp of the last edge that each track was given.
  private var last = InlineArray<4, Instant>(repeating: Instant(nanoseconds: 0))

  init() {}

  var isFull: Bool { count == Self.capacity }

  /// Takes an edge in. There must be room.
  mutating func insert(_ edge: StripeEdge) {
    precondition(!isFull, "the caller lets the first go")
    var place = count
    while place > 0, edge.at < held[slot(place - 1)].at {
      held[slot(place)] = held[slot(place - 1)]
      place -= 1
    }
    held[slot(place)] = edge
    count += 1
  }

  /// The first edge, if it is not younger than `horizon`. One that is older than what its track was
  /// already given comes as a gap.
  mutating func next(until horizon: Instant) -> StripeEdge? {
    guard count > 0, !(horizon < held[first].at) else { return nil }
    return removeFirst()
  }

  mutating func removeFirst() -> StripeEdge {
    precondition(count > 0, "the caller has looked")
    var edge = held[first]
    held[first] = StripeEdge(at: Instant(nanoseconds: 0), track: 0, signal: .gap)
    first = slot(1)
    count -= 1
    let track = Int(edge.track & 3)
    if edge.at < last[track] {
      edge = StripeEdge(at: last[track], track: edge.track, signal: .gap)
    }
    last[track] = edge.at
    return edge
  }

  private func slot(_ place: Int) -> Int { (first + place) & (Self.capacity - 1) }
}
