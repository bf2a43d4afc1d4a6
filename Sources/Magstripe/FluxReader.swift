// F2F (Aiken biphase): time stamps of reversals → bits, by the likeliest way through them.
//
// A reversal stands at every boundary between bits and one more in the middle of a 1. When they
// jitter by 15 % of a bit, intervals of half a bit and of a whole one overlap, and no threshold can
// tell them apart. But only two things can follow a boundary (the middle or the end of a bit) and
// only one a middle: the reader keeps the best path that ends at a boundary and the best one that
// ends in a middle (a Viterbi decoder with two states).
//
// It goes over a run twice. First each path carries its own clock, and the run is cut where no path
// fits any more. Then the clock is smoothed from both sides, and the best path is sought again
// against this better clock, with a note where a rival came close.

/// The marks of a line's edges: what each was found to be.
enum FluxMark {
  /// A reversal in the middle of a bit; otherwise it is a boundary between two.
  static var middle: UInt8 { 1 }
  /// A reversal whose place is in doubt: a rival path fits nearly as well, or it has just changed.
  static var doubt: UInt8 { 2 }
  /// A boundary to which a rival path comes near: in doubt too if there is much jitter.
  static var weak: UInt8 { 4 }
  /// A decision not yet traced back: the best path to a boundary here came from a middle.
  static var fromMiddle: UInt8 { 8 }
}

/// The two passes over a run. `marks` and `late` are working memory with a place for each edge.
enum FluxReader {
  /// How much better than its rival a path must fit, in squared bits, to be believed. Reading 01
  /// for 10 moves two reversals by half a bit: 0.5, less what both are displaced the wrong way.
  private static var margin: Double { 0.06 }
  /// The same where reversals jitter so much that the clock is less sure.
  private static var wideMargin: Double { 0.10 }
  /// How often the path and the clock are sought again until they stay the same.
  private static var rounds: Int { 3 }
  /// A path's clock may be off while it is undecided; halfway to the next place is 0.25 bits.
  private static var tolerance: Double { 0.36 }
  /// The cost of a path that does not exist.
  private static var impossible: Double { 1e9 }

  /// Goes on from a clock found at `first` as far as any path fits, and leaves in `marks` which
  /// reversals are in the middle of a bit.
  static func follow(
    _ line: borrowing EdgeLine, from first: Int, _ start: FluxClock, _ memory: FluxClock.Memory,
    _ marks: inout MutableSpan<UInt8>
  ) -> TrackRun {
    var boundary = start
    var middle = start
    // The sum of the squared errors of each path, in bits: how well it fits.
    var boundaryCost = 0.0
    var middleCost = impossible
    var gains = memory.gains(after: EdgeLine.seed)
    var last = first + EdgeLine.seed - 1
    for index in first...last { marks[index] = 0 }
    while last + 1 < line.count {
      let time = line.time(last + 1)
      let zero = boundary.lateness(of: time, after: 2)
      let half = boundary.lateness(of: time, after: 1)
      let one = middle.lateness(of: time, after: 1)
      let scale = boundary.bitsPerUnit
      let zeroCost = cost(boundaryCost, zero * scale)
      let halfCost = cost(boundaryCost, half * scale)
      let oneCost = cost(middleCost, one * middle.bitsPerUnit)
      guard min(min(zeroCost, oneCost), halfCost) < impossible else { break }
      last += 1
      if last - first <= FluxClock.Memory.learning { gains = memory.gains(after: last - first) }
      let isOne = oneCost < zeroCost
      marks[last] = isOne ? FluxMark.fromMiddle : 0
      let next =
        isOne ? middle.advanced(1, late: one, gains) : boundary.advanced(2, late: zero, gains)
      middle = boundary.advanced(1, late: half, gains)
      middleCost = halfCost
      boundary = next
      boundaryCost = min(oneCost, zeroCost)
    }
    let isMiddle = middleCost < boundaryCost
    _ = traceBack(&marks, from: last, isMiddle: isMiddle, to: first + EdgeLine.seed)
    return TrackRun(
      first: first, last: last, kind: .f2f, memory: memory, start: start,
      end: isMiddle ? middle : boundary)
  }

  private static func cost(_ cost: Double, _ error: Double) -> Double {
    abs(error) > tolerance ? impossible : cost + error * error
  }

  /// Walks back along the better path and turns decisions into places within a bit. Says whether
  /// any of them changed, and puts those in doubt.
  private static func traceBack(
    _ marks: inout MutableSpan<UInt8>, from last: Int, isMiddle: Bool, to first: Int
  ) -> Bool {
    var isMiddle = isMiddle
    var hasChanged = false
    var index = last
    while index >= first {
      let mark = marks[index]
      var next = isMiddle ? FluxMark.middle : mark & (FluxMark.doubt | FluxMark.weak)
      if (mark ^ next) & FluxMark.middle != 0 {
        next |= FluxMark.doubt
        hasChanged = true
      }
      marks[index] = next
      isMiddle = !isMiddle && mark & FluxMark.fromMiddle != 0
      index -= 1
    }
    return hasChanged
  }

  /// Half bits between the reversal at `index` and the one before, by the marks.
  private static func steps(_ marks: borrowing MutableSpan<UInt8>, to index: Int) -> Double {
    (marks[index] | marks[index - 1]) & FluxMark.middle != 0 ? 1 : 2
  }

  /// Writes to `late` how late each reversal of a run is, in bits, against a clock that knows those
  /// before it and those after it, but not the reversal itself.
  private static func smooth(
    _ line: borrowing EdgeLine, _ run: TrackRun, _ memory: FluxClock.Memory,
    _ marks: borrowing MutableSpan<UInt8>, _ late: inout MutableSpan<Float>
  ) {
    var clock = run.start
    for index in run.first..<run.first + EdgeLine.seed {
      let steps = Double(2 * (index - run.first - EdgeLine.seed + 1))
      late[index] = Float(clock.lateness(of: line.time(index), after: steps) * clock.bitsPerUnit)
    }
    var gains = memory.gains(after: EdgeLine.seed)
    var index = run.first + EdgeLine.seed
    while index <= run.last {
      let steps = steps(marks, to: index)
      let lateness = clock.lateness(of: line.time(index), after: steps)
      late[index] = Float(lateness * clock.bitsPerUnit)
      let count = index - run.first
      if count <= FluxClock.Memory.learning { gains = memory.gains(after: count) }
      clock = clock.advanced(steps, late: lateness, gains)
      index += 1
    }
    clock = run.end.reversed
    gains = memory.gains(after: FluxClock.Memory.learning)
    index = run.last - 1
    while index >= run.first {
      let steps = steps(marks, to: index + 1)
      let lateness = clock.lateness(of: -line.time(index), after: steps)
      late[index] = 0.5 * (late[index] - Float(lateness * clock.bitsPerUnit))
      clock = clock.advanced(steps, late: lateness, gains)
      index -= 1
    }
  }

  /// Smooths the clock and seeks the best path against it, until both stay the same. What still
  /// changes then is in doubt. Returns the mean of the squared errors, in bits; nil if no path
  /// fits.
  static func refine(
    _ line: borrowing EdgeLine, _ run: TrackRun, _ marks: inout MutableSpan<UInt8>,
    _ late: inout MutableSpan<Float>
  ) -> Double? {
    for _ in 0..<rounds {
      smooth(line, run, run.memory, marks, &late)
      guard let hasChanged = seek(run, &marks, late) else { return nil }
      if !hasChanged { break }
    }
    var sum = 0.0
    for index in run.first...run.last { sum += Double(late[index]) * Double(late[index]) }
    return sum / Double(run.last - run.first + 1)
  }

  /// Seeks the best path through reversals that are `late`. Says whether it is another one than
  /// before; nil if there is none.
  private static func seek(
    _ run: TrackRun, _ marks: inout MutableSpan<UInt8>, _ late: borrowing MutableSpan<Float>
  ) -> Bool? {
    // Of the two paths: the cost, and by how many half bits it is ahead of the path before.
    var boundary = (cost: 0.0, ahead: 0.0)
    var middle = (cost: impossible, ahead: 0.0)
    var index = run.first + EdgeLine.seed
    var next = index <= run.last ? steps(marks, to: index) : 0
    while index <= run.last {
      let steps = next
      if index < run.last { next = self.steps(marks, to: index + 1) }
      let error = Double(late[index])
      let zero = boundary.ahead + 2 - steps
      let half = boundary.ahead + 1 - steps
      let one = middle.ahead + 1 - steps
      let zeroCost = cost(boundary.cost, error - zero / 2)
      let halfCost = cost(boundary.cost, error - half / 2)
      let oneCost = cost(middle.cost, error - one / 2)
      guard min(min(zeroCost, oneCost), halfCost) < impossible else { return nil }
      let isOne = oneCost < zeroCost
      marks[index] =
        (marks[index] & FluxMark.middle) | (isOne ? FluxMark.fromMiddle : 0)
        | certainty(abs(oneCost - zeroCost))
      middle = (halfCost, half)
      boundary = isOne ? (oneCost, one) : (zeroCost, zero)
      index += 1
    }
    return traceBack(
      &marks, from: run.last, isMiddle: middle.cost < boundary.cost, to: run.first + EdgeLine.seed)
  }

  private static func certainty(_ lead: Double) -> UInt8 {
    lead < margin ? FluxMark.doubt | FluxMark.weak : lead < wideMargin ? FluxMark.weak : 0
  }

  /// The bits of a run and which of them are in doubt: where the path is, and where a reversal is
  /// further from its place than the jitter of the others explains. An extra reversal that makes a
  /// 1 of a 0 is rarely just in the middle.
  static func collect(
    _ run: TrackRun, _ marks: borrowing MutableSpan<UInt8>, _ late: borrowing MutableSpan<Float>,
    _ bits: inout BitTrack, _ doubts: inout BitTrack
  ) {
    bits.removeAll()
    doubts.removeAll()
    let doubt = run.memory.isSure(run.error) ? FluxMark.doubt : FluxMark.doubt | FluxMark.weak
    // Evenly spread jitter reaches √3 times its root mean square; the clock adds to it.
    let reach = Float(0.012 + 7 * run.error)
    var isDoubtful = false
    var index = run.first + 1
    while index <= run.last {
      if marks[index] & doubt != 0 || late[index] * late[index] > reach { isDoubtful = true }
      if marks[index] & FluxMark.middle == 0 {
        bits.append(marks[index - 1] & FluxMark.middle != 0)
        doubts.append(isDoubtful)
        isDoubtful = false
      }
      index += 1
    }
  }
}
