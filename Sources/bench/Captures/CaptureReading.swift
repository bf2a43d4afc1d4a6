// A capture through the firmware's own decoders, swipe by swipe.

import Identity
import Magstripe
import Octets

/// What became of one track of one swipe, with its characters.
public struct TrackReading: Sendable {
  public var trace: StripeTrace
  /// Bits of the run that was read best, in order of time.
  public var bits: [Bool]
  /// Characters from the start sentinel on, as far as they were good.
  public var characters: String
  /// The same without what tells anything about the cardholder.
  public var masked: String

  init(_ trace: StripeTrace, bits: borrowing BitTrack) {
    self.trace = trace
    self.bits = (0..<bits.count).map { index in bits[index] }
    characters = ""
    masked = ""
    guard let frame = trace.frame else { return }
    var text = TrackText()
    for index in 0..<frame.characters {
      guard let character = Self.character(index, frame, trace.track, self.bits) else { break }
      // There are never more than a track has.
      try? text.append(character)
    }
    characters = text.withBytes { bytes in Self.string(bytes) }
    masked = Self.masked(text, trace.track, isWhole: trace.outcome.isGood)
  }

  private static func character(
    _ index: Int, _ frame: StripeTrace.Frame, _ track: StripeTrack, _ bits: [Bool]
  ) -> UInt8? {
    let width = track.bitsPerCharacter
    var data: UInt8 = 0
    for offset in 0..<width - 1 {
      let bit = index * width + offset
      let place =
        frame.direction == .forward ? frame.bits.lowerBound + bit : frame.bits.upperBound - 1 - bit
      guard bits.indices.contains(place) else { return nil }
      if bits[place] { data |= 1 << UInt8(offset) }
    }
    return data + track.firstCharacter
  }

  private static func string(_ bytes: Span<UInt8>) -> String {
    String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
  }

  /// Sentinels, separators and format code stay, and of a whole track's account number what a
  /// receipt may show.
  private static func masked(
    _ text: borrowing TrackText, _ track: StripeTrack, isWhole: Bool
  ) -> String {
    let separator = track == .one ? UInt8(ascii: "^") : UInt8(ascii: "=")
    let fields = isWhole ? CardFields(track, text) : nil
    return text.withBytes { bytes in
      var shown = bytes.indices.map { index in
        let isStructure =
          index == 0 || bytes[index] == separator || bytes[index] == UInt8(ascii: "?")
          || track == .one && index == 1 && bytes[index] == UInt8(ascii: "B")
        return isStructure ? bytes[index] : UInt8(ascii: "*")
      }
      if let number = fields?.accountNumber {
        var account = Bytes<19>()
        try? MaskPolicy.widest.mask(bytes.extracting(number), into: &account)
        for index in 0..<account.count { shown[number.lowerBound + index] = account[index] }
      }
      return String(decoding: shown, as: UTF8.self)
    }
  }

  var isBlank: Bool { trace.outcome == .blank && trace.edges == 0 && bits.isEmpty }
  public var isGood: Bool { trace.outcome.isGood }
}

/// One swipe of a recording.
public struct SwipeReading: Sendable {
  /// When it began and how long it lasted, in nanoseconds from the first edge; nil for bits.
  public var start: UInt64?
  public var duration: UInt64?
  /// Tracks with a signal.
  public var tracks: [TrackReading]
}

/// All swipes of a recording.
public struct CaptureReading: Sendable {
  public var swipes: [SwipeReading] = []
  /// Edges between swipes, too few to be one.
  public var strayEdges = 0
  public var kind: StripeSettings.Kind?

  public var hasGoodTrack: Bool { swipes.contains { $0.tracks.contains(where: \.isGood) } }

  public init(_ capture: Capture) {
    switch capture.content {
    case .bits(let rows, let track):
      for row in rows { read(row, track.map { [$0] } ?? Self.candidates) }
    case .edges(let edges, let kind, .known):
      self.kind = kind
      read(edges, kind)
    case .edges(let edges, let kind, .unknown):
      self.kind = kind
      readAsEachTrack(edges, kind)
    }
  }

  /// Most cards carry track 2, and a recording of one line is most often of that.
  private static let candidates: [StripeTrack] = [.two, .one, .three]

  private mutating func read(_ row: [Bool], _ tracks: [StripeTrack]) {
    let readings = tracks.map { track in
      var bits = BitTrack()
      for bit in row { bits.append(bit) }
      var text = TrackText()
      return TrackReading(bits.decode(track, into: &text), bits: bits)
    }
    swipes.append(SwipeReading(tracks: [Self.best(readings)]))
  }

  /// The good one, or else the one that got furthest.
  private static func best(_ readings: [TrackReading]) -> TrackReading {
    readings.first(where: \.isGood)
      ?? readings.reduce(readings[0]) { best, other in
        other.trace.frame?.characters ?? 0 > best.trace.frame?.characters ?? 0 ? other : best
      }
  }

  /// Tries the line as each of the tracks. Their swipes are the same ones: what tells swipes apart
  /// is silence.
  private mutating func readAsEachTrack(_ edges: [StripeEdge], _ kind: StripeSettings.Kind) {
    var tries: [CaptureReading] = []
    for track in Self.candidates {
      let relabelled = edges.map { edge in
        var edge = edge
        if edge.track != 0 { edge.track = track.rawValue }
        return edge
      }
      var reading = self
      reading.read(relabelled, kind)
      tries.append(reading)
    }
    self = tries[0]
    for index in swipes.indices {
      let tracks = tries.compactMap { $0.swipes[index].tracks.first }
      if !tracks.isEmpty { swipes[index].tracks = [Self.best(tracks)] }
    }
  }

  private mutating func read(_ edges: [StripeEdge], _ kind: StripeSettings.Kind) {
    guard let origin = edges.first?.at else { return }
    var head = StripeHead(StripeSettings(kind: kind))
    var first: Instant?
    var count = 0
    for edge in edges {
      if head.hasEnded(at: edge.at) {
        finish(&head, from: first, origin, count)
        (first, count) = (nil, 0)
      }
      head.record(edge)
      if first == nil, head.lastEdge != nil { first = edge.at }
      if edge.signal != .cardPresent { count += 1 }
    }
    finish(&head, from: first, origin, count)
  }

  private mutating func finish(
    _ head: inout StripeHead, from first: Instant?, _ origin: Instant, _ count: Int
  ) {
    defer { head.reset() }
    guard head.hasSignal, let first, let last = head.lastEdge else {
      strayEdges += count
      return
    }
    var tracks: [TrackReading] = []
    for track in [StripeTrack.one, .two, .three] {
      var text = TrackText()
      var bits = BitTrack()
      let trace = head.explain(track, into: &text, bits: &bits)
      let reading = TrackReading(trace, bits: bits)
      if !reading.isBlank { tracks.append(reading) }
    }
    swipes.append(
      SwipeReading(
        start: UInt64(max(0, (first - origin).nanoseconds)),
        duration: UInt64(max(0, (last - first).nanoseconds)), tracks: tracks))
  }
}
