// A reading as an engineer reads it, and as a program does.

import Magstripe

/// What was found in a recording. Masked, unless data were asked for.
public struct CaptureReport: Codable, Equatable, Sendable {
  public struct Track: Codable, Equatable, Sendable {
    public var track: Int
    public var isGood: Bool
    public var verdict: String
    public var advice: String?
    public var direction: String?
    public var readings: Int
    public var edges: Int
    /// First and last edge of the run of bits that was read best, counted from 0.
    public var runEdges: [Int]?
    /// Whether `runEdges` counts strobes only.
    public var isStrobed: Bool
    public var bits: Int
    /// Inches a second at either end.
    public var speedAtStart: Double?
    public var speedAtEnd: Double?
    /// Microseconds.
    public var firstBit: Double?
    public var lastBit: Double?
    /// The first bit of the start sentinel (read backwards: the last), in order of time.
    public var startSentinelAtBit: Int?
    public var characterCount: Int
    public var hasEndSentinel: Bool
    public var characters: String
    public var checkExpected: UInt8?
    public var checkFound: UInt8?
    /// In order of time; only if data were asked for.
    public var rawBits: String?
  }

  public struct Swipe: Codable, Equatable, Sendable {
    /// Milliseconds.
    public var start: Double?
    public var duration: Double?
    public var tracks: [Track]
  }

  public var format: CaptureFormat
  public var head: String?
  public var assumptions: [String]
  public var strayEdges: Int
  public var swipes: [Swipe]
  public var hasGoodTrack: Bool

  public init(_ capture: Capture, _ reading: CaptureReading, showsData: Bool) {
    format = capture.format
    head = reading.kind.map { $0 == .f2f ? "F2F" : "clock and data" }
    assumptions = capture.assumptions
    strayEdges = reading.strayEdges
    hasGoodTrack = reading.hasGoodTrack
    swipes = reading.swipes.map { swipe in
      Swipe(
        start: swipe.start.map { Double($0) / 1e6 },
        duration: swipe.duration.map { Double($0) / 1e6 },
        tracks: swipe.tracks.map { Track($0, reading.kind, showsData: showsData) })
    }
  }
}

extension CaptureReport.Track {
  init(_ reading: TrackReading, _ kind: StripeSettings.Kind?, showsData: Bool) {
    let trace = reading.trace
    track = Int(trace.track.rawValue)
    isGood = reading.isGood
    verdict = trace.outcome.inWords
    advice = trace.outcome.advice
    readings = trace.readings
    edges = trace.edges
    isStrobed = kind == .clockData
    bits = reading.bits.count
    characters = showsData ? reading.characters : reading.masked
    characterCount = reading.characters.count
    hasEndSentinel = characterCount > 1 && reading.characters.last == "?"
    rawBits = showsData ? String(reading.bits.map { $0 ? "1" : "0" }) : nil
    if let run = trace.run {
      let speeds = run.speeds(trace.track)
      (speedAtStart, speedAtEnd) = (speeds.first, speeds.last)
      (firstBit, lastBit) = (run.firstBit / 1e3, run.lastBit / 1e3)
      runEdges = [run.edges.lowerBound, run.edges.upperBound]
    }
    if let frame = trace.frame {
      direction = frame.direction == .forward ? "forward" : "backward"
      startSentinelAtBit =
        frame.direction == .forward ? frame.bits.lowerBound : frame.bits.upperBound - 1
      checkFound = frame.checkFound
      checkExpected = frame.checkFound == nil ? nil : frame.checkExpected
    }
  }
}

// MARK: - Text

extension CaptureReport {
  /// Lines for a terminal or a ticket.
  public var text: String {
    var lines = ["format: \(format.rawValue)\(head.map { ", \($0) head" } ?? "")"]
    lines += assumptions.map { "note: \($0)" }
    if strayEdges > 0 { lines.append("note: \(strayEdges) edges outside any swipe") }
    if swipes.isEmpty {
      lines.append("No swipe in it. Check the unit of time, and whether the line has a signal.")
    }
    for (index, swipe) in swipes.enumerated() {
      let when = swipe.start.map { ", at \(Self.fixed($0)) ms" } ?? ""
      let long = swipe.duration.map { ", \(Self.fixed($0)) ms long" } ?? ""
      lines.append("")
      lines.append("swipe \(index + 1) of \(swipes.count)\(when)\(long)")
      for track in swipe.tracks { lines += track.lines }
    }
    return lines.joined(separator: "\n")
  }

  /// With one digit after the point.
  static func fixed(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "?" }
    let tenths = Int64((abs(value) * 10).rounded())
    return "\(value < 0 ? "-" : "")\(tenths / 10).\(tenths % 10)"
  }
}

extension CaptureReport.Track {
  fileprivate var lines: [String] {
    var rows: [(String, String)] = []
    if edges > 0 {
      let used =
        runEdges.map { ", read from \(isStrobed ? "strobe " : "")\($0[0]) to \($0[1])" } ?? ""
      rows.append(("edges", "\(edges)\(used)"))
    }
    if let first = speedAtStart, let last = speedAtEnd {
      rows.append(
        (
          "speed",
          "\(CaptureReport.fixed(first)) in/s at the start, \(CaptureReport.fixed(last)) at the end"
        ))
    }
    let lengths =
      firstBit.flatMap { first in lastBit.map { (first, $0) } }
      .map { ", \(CaptureReport.fixed($0)) µs at first, \(CaptureReport.fixed($1)) at last" } ?? ""
    rows.append(("bits", "\(bits)\(lengths)"))
    if let direction { rows.append(("direction", direction)) }
    rows.append(("sentinels", sentinels))
    if characterCount > 0 { rows.append(("characters", "\(characterCount): \(characters)")) }
    rows.append(("check", check))
    if readings > 1 { rows.append(("passes", "\(readings) that agree")) }
    if let advice { rows.append(("try", advice)) }
    return ["  track \(track): \(verdict)"]
      + rows.map { name, value in
        "    \(name)\(String(repeating: " ", count: 12 - name.count))\(value)"
      }
  }

  private var sentinels: String {
    guard let bit = startSentinelAtBit else { return "no start sentinel after zeros" }
    let end = hasEndSentinel ? "end at character \(characterCount - 1)" : "no end sentinel"
    return "start at bit \(bit), \(end)"
  }

  private var check: String {
    guard let checkExpected, let checkFound else { return "not reached" }
    return "expected \(checkExpected), found \(checkFound)"
  }
}
