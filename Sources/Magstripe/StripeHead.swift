// One magnetic-stripe head: collects edges, knows when a swipe is over, and then reads its tracks.

import CSodium
import Octets

/// A head with up to three tracks. Does no I/O and never looks at a clock: edges and time are
/// handed in. Holds what it collected until `decode`, which wipes it: edges are card data.
///
/// About 52 KiB: to be made in its place and never copied.
public struct StripeHead: ~Copyable {
  public let settings: StripeSettings
  /// The edges of track 1, then 2, then 3, `StripeLimit.edges` each.
  private var edges = InlineArray<9216, StoredEdge>(repeating: StoredEdge(units: 0, tag: 0))
  private var counts = InlineArray<3, Int>(repeating: 0)
  /// What was already found wrong with a track while its edges came.
  private var faults = InlineArray<3, StripeFault?>(repeating: nil)
  private var first: Instant?
  /// When the last edge of a swipe that has not been decoded yet came; nil while nothing came.
  public private(set) var lastEdge: Instant?
  /// When a gap came last.
  private var lastGap: Instant?
  /// When CARD PRESENT went high after strobes.
  private var cardLeft: Instant?
  private var reader = TrackReader()
  /// What `readAhead` read; void as soon as anything else comes from the head.
  private var ahead = StripeTracks()
  private var aheadReports = InlineArray<3, TrackReport?>(repeating: nil)

  public init(_ settings: StripeSettings) { self.settings = settings }

  /// Whether a track has more edges than the noise of an idle line.
  public var hasSignal: Bool {
    for index in 0..<3 where counts[index] >= settings.minimumEdges { return true }
    return false
  }

  /// Takes one edge. Edges of tracks the head does not have are ignored.
  public mutating func record(_ edge: StripeEdge) {
    forgetAhead()
    switch (edge.signal, settings.kind) {
    case (.flux, .f2f):
      store(edge, tag: 0)
    case (.strobe, .clockData):
      // Only the falling edge samples. A direction read late may be wrong, but only falling edges
      // are asked for: see `StripeEdge.Signal.strobe`.
      if !edge.isHigh { store(edge, tag: TrackReader.strobeTag) }
    case (.data, .clockData):
      store(edge, tag: TrackReader.dataTag)
    case (.cardPresent, .clockData):
      if edge.isHigh, lastEdge != nil { cardLeft = edge.at }
    case (.gap, _):
      lastGap = edge.at
      distrust(edge.track, .gap)
    case (.flux, _), (.strobe, _), (.data, _), (.cardPresent, _):
      break
    }
  }

  private mutating func store(_ edge: StripeEdge, tag: UInt32) {
    guard let track = StripeTrack(rawValue: edge.track), settings.tracks.contains(track) else {
      return
    }
    // A gap so long before the first edge (a chip that was away) took nothing from this swipe.
    if first == nil, let lastGap, edge.at - lastGap >= settings.silence {
      faults = InlineArray(repeating: nil)
    }
    // Edges of different lines come slightly out of order: leave room before the first one.
    let origin = first ?? Instant(nanoseconds: edge.at.nanoseconds &- 1_000_000)
    first = origin
    if let last = lastEdge { lastEdge = max(last, edge.at) } else { lastEdge = edge.at }
    let elapsed = edge.at - origin
    guard elapsed.nanoseconds >= 0 else { return distrust(edge.track, .disorder) }
    guard elapsed <= StripeLimit.capture, counts[track.index] < StripeLimit.edges else {
      return distrust(edge.track, .overflow)
    }
    let units = UInt32(truncatingIfNeeded: UInt64(elapsed.nanoseconds) / StoredEdge.unit)
    edges[track.index * StripeLimit.edges + counts[track.index]] = StoredEdge(
      units: units, tag: tag)
    counts[track.index] += 1
  }

  /// Marks a track, or with 0 every one, as unreadable. The first fault stands.
  private mutating func distrust(_ number: UInt8, _ fault: StripeFault) {
    for index in 0..<3 where number == 0 || Int(number) == index + 1 {
      if faults[index] == nil { faults[index] = fault }
    }
  }

  /// Whether edges came and then stopped. A swipe also ends when the card has left the head, and
  /// when it lasts longer than `StripeLimit.capture`.
  public func hasEnded(at now: Instant) -> Bool {
    guard let first, let lastEdge else { return false }
    if let cardLeft, cardLeft > lastEdge { return true }
    return now - lastEdge >= settings.silence || now - first > StripeLimit.capture
  }

  /// Reads one track ahead once the edges pause, as they do at a swipe's end: on a slow processor
  /// three tracks of flux take longer than is left between the end of a swipe and its slot. One
  /// track a call, so that a tick stays short. Strobes are read within that time anyway.
  public mutating func readAhead(at now: Instant) {
    guard settings.kind == .f2f, aheadReports[2] == nil, let lastEdge,
      (now - lastEdge).nanoseconds >= pause
    else { return }
    var text = TrackText()
    defer { text.wipe() }
    if aheadReports[0] == nil {
      aheadReports[0] = .some(read(.one, into: &text))
      text.withBytes { ahead.one.set($0) }
    } else if aheadReports[1] == nil {
      aheadReports[1] = .some(read(.two, into: &text))
      text.withBytes { ahead.two.set($0) }
    } else {
      aheadReports[2] = .some(read(.three, into: &text))
      text.withBytes { ahead.three.set($0) }
    }
  }

  /// Nanoseconds that leave three ticks before a swipe has ended.
  private var pause: Int64 { settings.silence.nanoseconds / 2 }

  private mutating func forgetAhead() {
    guard aheadReports[0] != nil else { return }
    aheadReports = InlineArray(repeating: nil)
    ahead.wipe()
  }

  /// Reads all tracks, and then wipes and forgets all edges. `tracks` gets the good ones and is
  /// wiped first.
  public mutating func decode(into tracks: inout StripeTracks) -> StripeReport {
    ahead.one.withBytes { tracks.one.set($0) }
    ahead.two.withBytes { tracks.two.set($0) }
    ahead.three.withBytes { tracks.three.set($0) }
    var report = StripeReport()
    report[.one] = aheadReports[0] ?? read(.one, into: &tracks.one)
    report[.two] = aheadReports[1] ?? read(.two, into: &tracks.two)
    report[.three] = aheadReports[2] ?? read(.three, into: &tracks.three)
    reset()
    return report
  }

  private mutating func read(_ track: StripeTrack, into text: inout TrackText) -> TrackReport {
    var source: TrackSource?
    return read(track, into: &text, &source).summary
  }

  /// Forgets and wipes what was collected.
  public mutating func reset() {
    var span = edges.mutableSpan
    span.withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) }
    counts = InlineArray(repeating: 0)
    faults = InlineArray(repeating: nil)
    first = nil
    lastEdge = nil
    lastGap = nil
    cardLeft = nil
    reader.wipe()
    forgetAhead()
  }
}

extension StripeHead {
  /// Reads one track, for an engineer, and says how it went. `text` gets its characters if it is
  /// good, `bits` the run that was read best, in order of time. The edges stay: `decode` or `reset`
  /// must follow.
  public mutating func explain(
    _ track: StripeTrack, into text: inout TrackText, bits: inout BitTrack
  ) -> StripeTrace {
    var source: TrackSource?
    let trace = read(track, into: &text, &source)
    bits.wipe()
    if let source {
      withEdges(of: track) { reader, edges in reader.repeatRun(source, edges.span, into: &bits) }
    }
    return trace
  }

  private mutating func read(
    _ track: StripeTrack, into text: inout TrackText, _ source: inout TrackSource?
  ) -> StripeTrace {
    let count = counts[track.index]
    var trace = StripeTrace(track: track, edges: count)
    text.wipe()
    guard count >= settings.minimumEdges else {
      if let fault = faults[track.index], count > 0 { trace.outcome = .unreadable(fault) }
      return trace
    }
    let kind = settings.kind
    var isDisordered = false
    withEdges(of: track) { reader, edges in
      guard count >= StripeLimit.shortestRun else {
        trace.outcome = .unreadable(.tooFewEdges)
        return
      }
      guard sort(&edges) else {
        isDisordered = true
        return
      }
      let verdict = reader.read(&edges, kind, track, into: &text)
      trace.fill(verdict)
      source = verdict.source
    }
    // A fault, so that another reading does not sort on where this one gave up.
    if isDisordered { distrust(track.rawValue, .disorder) }
    if let fault = faults[track.index] { trace.outcome = .unreadable(fault) }
    if !trace.outcome.isGood { text.wipe() }
    return trace
  }

  private mutating func withEdges(
    of track: StripeTrack, _ body: (inout TrackReader, inout MutableSpan<StoredEdge>) -> Void
  ) {
    let base = track.index * StripeLimit.edges
    var all = edges.mutableSpan
    var own = all._mutatingExtracting(base..<base + counts[track.index])
    body(&reader, &own)
  }
}

/// Puts edges in the order of time; false if one is further from its place than
/// `StripeLimit.disorder`. Linear, as they nearly are in order.
private func sort(_ edges: inout MutableSpan<StoredEdge>) -> Bool {
  var index = 1
  while index < edges.count {
    let edge = edges[index]
    var place = index
    while place > 0, edges[place - 1].units > edge.units {
      guard index - place < StripeLimit.disorder else { return false }
      edges[place] = edges[place - 1]
      place -= 1
    }
    edges[place] = edge
    index += 1
  }
  return true
}
