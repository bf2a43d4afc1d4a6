// Reads one track out of its sorted edges: finds runs of bits, and lets the verdict weigh what they
// say. What is special to a kind of head is in FluxReader.swift and StrobeReader.swift.

import CSodium
import Octets

/// One run of bits: consecutive edges that a bit clock could follow, as indices of its line.
struct TrackRun: BitwiseCopyable {
  var first: Int
  var last: Int
  var kind: StripeSettings.Kind
  var memory: FluxClock.Memory
  /// The clock at either end.
  var start: FluxClock
  var end: FluxClock
  /// The mean of the squared distances of F2F edges from their places, in bits.
  var error = 0.0
}

/// The working memory of a head, and the search for runs of bits.
struct TrackReader: ~Copyable {
  /// Edges of a run that cannot be noise that happened to keep time.
  static var longRun: Int { 160 }
  /// How often each edge may be looked at, on average and in each direction of time.
  static var effort: Int { 3 }
  /// For each edge of the line: what it was found to be.
  var marks = InlineArray<3072, UInt8>(repeating: 0)
  /// For each edge: by how many bits it is late against the smoothed clock.
  var late = InlineArray<3072, Float>(repeating: 0)
  var bits = BitTrack()
  /// For each of the bits: whether it is in doubt.
  var doubts = BitTrack()
  private var candidate = TrackText()

  mutating func wipe() {
    var bytes = marks.mutableSpan
    bytes.withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) }
    var errors = late.mutableSpan
    errors.withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) }
    bits.wipe()
    doubts.wipe()
    candidate.wipe()
  }

  /// Reads all runs of a sorted row of edges. `text` gets the characters if the verdict is good.
  mutating func read(
    _ edges: inout MutableSpan<StoredEdge>, _ kind: StripeSettings.Kind, _ track: StripeTrack,
    into text: inout TrackText
  ) -> TrackVerdict {
    var verdict = TrackVerdict()
    switch kind {
    case .f2f:
      // The clock starts anew from the other end if the zeros at one are spoilt, and follows faster
      // if the hand jerked.
      let forward = EdgeLine(edges.span, isReversed: false)
      let backward = EdgeLine(edges.span, isReversed: true)
      search(forward, kind, .long, track, &verdict, &text)
      if verdict.agreeing == 0 { search(backward, kind, .long, track, &verdict, &text) }
      if verdict.agreeing == 0 { search(forward, kind, .short, track, &verdict, &text) }
      if verdict.agreeing == 0 { search(backward, kind, .short, track, &verdict, &text) }
    case .clockData:
      let strobes = Self.reduceToStrobes(&edges)
      let line = EdgeLine(edges.span.extracting(0..<strobes), isReversed: false)
      search(line, kind, .short, track, &verdict, &text)
    }
    return verdict
  }

  private mutating func search(
    _ line: borrowing EdgeLine, _ kind: StripeSettings.Kind, _ memory: FluxClock.Memory,
    _ track: StripeTrack, _ verdict: inout TrackVerdict, _ text: inout TrackText
  ) {
    var effort = Self.effort * line.count
    var first = 0
    var known = 0
    while first + EdgeLine.seed <= line.count, effort > 0 {
      defer { first += 1 }
      effort -= 1
      // Zeros that the last run saw as such would only be read again.
      if first + EdgeLine.seed <= known, Self.areBoundaries(marks.span, first) { continue }
      guard let clock = line.clock(at: first),
        let run = bitRun(line, from: first, clock, kind, memory)
      else { continue }
      effort -= run.last - run.first
      known = run.last + 1
      guard known - first >= StripeLimit.shortestRun else { continue }
      let isGood = weigh(line, run, track, &verdict, &text)
      // A short run may have been noise that swallowed a track's zeros.
      if isGood || known - first > Self.longRun { first = known - EdgeLine.seed }
    }
  }

  private static func areBoundaries(_ marks: Span<UInt8>, _ first: Int) -> Bool {
    for index in first..<first + EdgeLine.seed where marks[index] & FluxMark.middle != 0 {
      return false
    }
    return true
  }

  /// The run that begins with the zeros at `first`, if there is one.
  private mutating func bitRun(
    _ line: borrowing EdgeLine, from first: Int, _ clock: FluxClock, _ kind: StripeSettings.Kind,
    _ memory: FluxClock.Memory
  ) -> TrackRun? {
    guard kind == .f2f else { return followStrobes(line, from: first, clock, memory) }
    var marks = self.marks.mutableSpan
    var run = FluxReader.follow(line, from: first, clock, memory, &marks)
    guard run.last + 1 - first >= StripeLimit.shortestRun else { return run }
    var late = self.late.mutableSpan
    guard let error = FluxReader.refine(line, run, &marks, &late) else { return nil }
    run.error = error
    return run
  }

  /// Reads the run of `source` once more, and hands out its bits in the order of time. `edges` are
  /// those that `read` left.
  mutating func repeatRun(
    _ source: TrackSource, _ edges: Span<StoredEdge>, into bits: inout BitTrack
  ) {
    guard let run = source.run else { return }
    let line = EdgeLine(edges.extracting(0..<source.edges), isReversed: source.isReversed)
    guard let again = bitRun(line, from: run.first, run.start, run.kind, run.memory) else { return }
    collect(line, again)
    for index in 0..<self.bits.count {
      bits.append(self.bits[source.isReversed ? self.bits.count - 1 - index : index])
    }
  }

  private mutating func collect(_ line: borrowing EdgeLine, _ run: TrackRun) {
    switch run.kind {
    case .f2f: FluxReader.collect(run, marks.mutableSpan, late.mutableSpan, &bits, &doubts)
    case .clockData: collectStrobes(line, run)
    }
  }

  /// Whether a good track was in this run.
  private mutating func weigh(
    _ line: borrowing EdgeLine, _ run: TrackRun, _ track: StripeTrack,
    _ verdict: inout TrackVerdict, _ text: inout TrackText
  ) -> Bool {
    collect(line, run)
    let source = TrackSource(
      run: run, isReversed: line.isReversed, edges: line.count, bits: bits.count)
    return bits.withRow { bits in
      doubts.withRow { doubts in
        verdict.consider(bits, doubts, track, source, &candidate, &text)
      }
    }
  }
}

extension BitTrack {
  /// Reads bits that some other device has already sampled, as one run. `text` gets the characters
  /// if the track is good. Trailing zeros of the check may be missing.
  public borrowing func decode(_ track: StripeTrack, into text: inout TrackText) -> StripeTrace {
    text.wipe()
    var candidate = TrackText()
    let doubts = BitTrack.zeros(count)
    var verdict = TrackVerdict()
    let source = TrackSource(run: nil, isReversed: false, edges: 0, bits: count)
    _ = withRow { bits in
      doubts.withRow { doubts in
        verdict.consider(bits, doubts, track, source, &candidate, &text)
      }
    }
    candidate.wipe()
    var trace = StripeTrace(track: track, edges: 0)
    trace.fill(verdict)
    if !trace.outcome.isGood { text.wipe() }
    return trace
  }
}
