// Tables: a logic analyser's levels against time, or a line and its level at each edge.

import Magstripe
import Octets

extension Capture {
  static func columns(_ text: CaptureText, _ options: CaptureOptions) throws -> Capture {
    var table = try ColumnTable(text, options)
    for line in text.lines.dropFirst() { try table.take(line) }
    return try table.finished()
  }
}

/// Reads the rows of a table.
private struct ColumnTable {
  private enum Shape {
    /// Columns of levels, by their place: what is nil is left out.
    case wide([CaptureLine?])
    /// The columns of the line's name and of its level.
    case long(line: Int, level: Int)
  }

  private let separator: Character
  private let width: Int
  private let timeColumn: Int
  private var unit: TimeUnit?
  private let shape: Shape
  private let options: CaptureOptions
  private let ownTrack: UInt8?
  private var assumptions: [String] = []
  private var collection = EdgeCollection()
  private var levels: [Bool?]
  private var seen: [CaptureLine] = []
  /// DATA lines that were low at the start. Decoders count DATA's edges from the idle, high level.
  private var lowAtStart: [CaptureLine] = []

  init(_ text: CaptureText, _ options: CaptureOptions) throws {
    let header = text.lines[0]
    let place = CaptureError.Place.line(header.number)
    separator = header.text.contains("\t") ? "\t" : header.text.contains(",") ? "," : " "
    let names = Self.cells(header.text, separator).map { $0.lowercased() }
    guard names.count >= 2, names.count <= CaptureLimit.columns else {
      throw CaptureError(
        place, "\(header.text.quoted) is no header: a time and 1 to \(CaptureLimit.columns) lines")
    }
    guard let timeColumn = names.firstIndex(where: { $0.hasPrefix("time") }) else {
      throw CaptureError(place, "no column is called 'time': the first row names the columns")
    }
    self.timeColumn = timeColumn
    self.options = options
    width = names.count
    unit = try Self.unit(in: names[timeColumn]) ?? text.unit()
    ownTrack = try text.track() ?? options.track?.rawValue
    if let line = names.firstIndex(of: "line"), let level = names.firstIndex(of: "level") {
      shape = .long(line: line, level: level)
    } else {
      shape = .wide(
        try names.enumerated().map { column, name in
          column == timeColumn
            ? nil : try Self.part(name, options, isAlone: names.count == 2, place)
        })
    }
    levels = Array(repeating: nil, count: names.count)
  }

  private static func cells(_ text: Substring, _ separator: Character) -> [Substring] {
    text.split(separator: separator, omittingEmptySubsequences: separator == " ").map { cell in
      let cell = cell.trimmed
      return cell.count >= 2 && cell.first == "\"" && cell.last == "\""
        ? cell.dropFirst().dropLast() : cell
    }
  }

  /// `time_us`, `Time [s]`, `time(ms)`.
  private static func unit(in name: String) -> TimeUnit? {
    name.split { !$0.isLetter }.dropFirst().lazy.compactMap { TimeUnit($0) }.first
  }

  /// The part of the line called `name`: as the caller says, or as the name says. One that plays no
  /// part is left out only if the caller gave parts to others.
  private static func part(
    _ name: String, _ options: CaptureOptions, isAlone: Bool, _ place: CaptureError.Place
  ) throws -> CaptureLine? {
    if !options.lines.isEmpty { return options.lines[name] }
    if let line = CaptureLine(named: name) { return line }
    if isAlone { return CaptureLine(.flux, track: nil) }
    throw CaptureError(
      place,
      "what is line \(name[...].quoted)? Call it flux2, strobe2, data2 or present, or say so: "
        + "--lines '\(name.prefix(40))=flux2'")
  }

  mutating func take(_ row: TextLine) throws {
    let place = CaptureError.Place.line(row.number)
    let cells = Self.cells(row.text, separator)
    guard cells.count == width else {
      throw CaptureError(place, "\(cells.count) columns where the header has \(width)")
    }
    guard let number = Decimal(cells[timeColumn]) else {
      throw CaptureError(place, "\(cells[timeColumn].quoted) is no time")
    }
    let unit = self.unit ?? Capture.assumed(hasFraction: number.hasFraction, &assumptions)
    self.unit = unit
    guard let time = number.nanoseconds(unit) else {
      throw CaptureError(place, "the time is out of range")
    }
    let at = try collection.instant(time, place)
    switch shape {
    case .wide(let parts):
      for (column, part) in parts.enumerated() {
        guard let part else { continue }
        try change(of: part, column, to: try Self.level(cells[column], place), at, place)
      }
    case .long(let line, let level):
      let isHigh = try Self.level(cells[level], place)
      let name = cells[line].lowercased()
      if let part = try longPart(name, place) { try add(part, isHigh, at, place) }
    }
  }

  private func longPart(_ name: String, _ place: CaptureError.Place) throws -> CaptureLine? {
    if options.lines.isEmpty, UInt8(name) != nil {
      throw CaptureError(
        place, "which line is \(name)? Say so: --lines \(name)=flux2 (strobe2, data2, present)")
    }
    return try Self.part(name, options, isAlone: false, place)
  }

  private static func level(_ cell: Substring, _ place: CaptureError.Place) throws -> Bool {
    switch cell.lowercased() {
    case "0", "low", "falling": return false
    case "1", "high", "rising": return true
    default: throw CaptureError(place, "\(cell.quoted) is no level: 0 or 1")
    }
  }

  private mutating func change(
    of part: CaptureLine, _ column: Int, to isHigh: Bool, _ at: Instant,
    _ place: CaptureError.Place
  ) throws {
    defer { levels[column] = isHigh }
    guard let before = levels[column] else {
      if !seen.contains(part) { seen.append(part) }
      if part.signal == .data, !isHigh { lowAtStart.append(part) }
      return
    }
    if before != isHigh { try add(part, isHigh, at, place) }
  }

  private mutating func add(
    _ part: CaptureLine, _ isHigh: Bool, _ at: Instant, _ place: CaptureError.Place
  ) throws {
    if !seen.contains(part) { seen.append(part) }
    let track = part.signal == .cardPresent ? 0 : part.track ?? ownTrack ?? 2
    try collection.append(
      StripeEdge(at: at, track: track, signal: part.signal, isHigh: isHigh), place)
  }

  /// Adds the fall of DATA that the recording began too late to see. It must count as a part of the
  /// swipe, and is not missing if DATA came back to idle before that.
  private static func insertLow(_ track: UInt8, _ edges: inout [StripeEdge]) {
    guard let strobe = edges.first(where: { $0.track == track && $0.signal == .strobe }),
      let start = edges.firstIndex(where: {
        $0.track == track && strobe.at - $0.at < StripeSettings(kind: .clockData).silence
      }),
      edges[..<start].count(where: { $0.track == track && $0.signal == .data }).isMultiple(of: 2)
    else { return }
    edges.insert(StripeEdge(at: edges[start].at, track: track, signal: .data), at: start)
  }

  func finished() throws -> Capture {
    let hasFlux = seen.contains { $0.signal == .flux }
    let hasStrobe = seen.contains { $0.signal == .strobe }
    guard hasFlux != hasStrobe else {
      throw CaptureError(
        .file,
        hasFlux
          ? "flux and strobe lines in one recording: a head has the ones or the others"
          : "no flux and no strobe line in it")
    }
    var edges = collection.edges
    for part in lowAtStart { Self.insertLow(part.track ?? ownTrack ?? 2, &edges) }
    let isKnown =
      ownTrack != nil || seen.allSatisfy { $0.signal == .cardPresent || $0.track != nil }
    return Capture(
      format: .columns, assumptions: assumptions,
      content: .edges(
        edges, kind: hasFlux ? .f2f : .clockData, track: isKnown ? .known : .unknown))
  }
}

extension CaptureLine {
  /// The part that a name tells: `flux2`, `F2F track 1`, `strobe`, `/DATA3`, `card present`.
  public init?(named name: String) {
    let name = name.lowercased()
    let track = name.last.flatMap { UInt8(String($0)) }.flatMap { (1...3).contains($0) ? $0 : nil }
    if name.contains("flux") || name.contains("f2f") {
      self.init(.flux, track: track)
    } else if name.contains("strobe") || name.contains("clock") || name.contains("clk") {
      self.init(.strobe, track: track)
    } else if name.contains("data") {
      self.init(.data, track: track)
    } else if name.contains("present") {
      self.init(.cardPresent, track: 0)
    } else {
      return nil
    }
  }
}
