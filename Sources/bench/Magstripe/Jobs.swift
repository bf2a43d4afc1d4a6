// Swipes on all processors: each job takes the next piece of work until there is none.

import Dispatch
import Foundation
import Magstripe
import Simulator
import Synchronization

/// Does `count` pieces of work on `jobs` threads and hands each result to `collect`, one at a time.
func onAllProcessors<Result: Sendable>(
  _ jobs: Int, count: Int, _ work: @escaping @Sendable (Int) -> Result,
  collect: @Sendable (Int, Result) -> Void
) {
  let next = Atomic(0)
  let lock = NSLock()
  DispatchQueue.concurrentPerform(iterations: jobs) { _ in
    while true {
      let piece = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard piece < count else { return }
      let result = work(piece)
      lock.withLock { collect(piece, result) }
    }
  }
}

extension StripeTally {
  /// The counted reasons, in the order a reading can fail.
  var reasons: [(name: String, count: Int)] {
    [
      ("reported blank", reportedBlank), ("gap", gap), ("overflow", overflow),
      ("disorder", disorder), ("too few edges", tooFewEdges), ("clock", clock),
      ("sentinel", sentinel), ("parity", parity), ("longitudinal check", longitudinalCheck),
      ("doubt", doubt), ("layout", layout), ("conflict", conflict),
    ]
  }

  static func += (sum: inout StripeTally, part: StripeTally) {
    sum.swipes += part.swipes
    sum.tracks += part.tracks
    sum.read += part.read
    sum.falselyRead += part.falselyRead
    sum.reportedBlank += part.reportedBlank
    sum.gap += part.gap
    sum.overflow += part.overflow
    sum.disorder += part.disorder
    sum.tooFewEdges += part.tooFewEdges
    sum.clock += part.clock
    sum.sentinel += part.sentinel
    sum.parity += part.parity
    sum.longitudinalCheck += part.longitudinalCheck
    sum.doubt += part.doubt
    sum.layout += part.layout
    sum.conflict += part.conflict
    if let seed = part.firstFalseSeed { sum.firstFalseSeed = min(seed, sum.firstFalseSeed ?? seed) }
  }
}

extension Double {
  func fixed(_ digits: Int) -> String { String(format: "%.\(digits)f", self) }
}
