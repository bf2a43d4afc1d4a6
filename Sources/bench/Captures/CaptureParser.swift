// A file's bytes → a capture. Finds out the format; times, bits and records are read here.

import Magstripe
import Octets

extension Capture {
  /// Reads `bytes`, the content of a whole file. Throws `CaptureError`, with the line or record.
  public init(_ bytes: [UInt8], _ options: CaptureOptions = CaptureOptions()) throws {
    guard bytes.count <= CaptureLimit.bytes else {
      throw CaptureError(.file, "larger than \(CaptureLimit.bytes >> 20) MiB: cut the recording")
    }
    guard !bytes.isEmpty else { throw CaptureError(.file, "the file is empty") }
    // Each record ends with two zeros, and text has none.
    if options.format == .stream || options.format == nil && bytes.contains(0) {
      self = try Self.stream(bytes, options)
      return
    }
    let text = try CaptureText(bytes)
    guard let first = text.lines.first else {
      throw CaptureError(.file, "there is nothing but comments")
    }
    switch options.format ?? Self.format(of: text, first) {
    case .times: self = try Self.times(text, options)
    case .columns: self = try Self.columns(text, options)
    case .bits: self = try Self.bits(text, options)
    case .stream: preconditionFailure("handled above")
    }
  }

  private static func format(of text: CaptureText, _ first: TextLine) -> CaptureFormat {
    if isPackedRow(first.text) { return .bits }
    if text.lines.allSatisfy({ $0.text.allSatisfy { "01 \t".contains($0) } }) { return .bits }
    return Decimal(first.text) == nil ? .columns : .times
  }

  // MARK: - Times

  private static func times(_ text: CaptureText, _ options: CaptureOptions) throws -> Capture {
    let track = try text.track() ?? options.track?.rawValue
    var assumptions: [String] = []
    let numbers = try text.lines.map { line in
      guard let number = Decimal(line.text) else {
        throw CaptureError(.line(line.number), "\(line.text.quoted) is no time stamp")
      }
      return number
    }
    let unit =
      try text.unit() ?? assumed(hasFraction: numbers.contains(where: \.hasFraction), &assumptions)
    var collection = EdgeCollection()
    for (line, number) in zip(text.lines, numbers) {
      let place = CaptureError.Place.line(line.number)
      guard let time = number.nanoseconds(unit) else {
        throw CaptureError(place, "the time is out of range")
      }
      let at = try collection.instant(time, place)
      try collection.append(StripeEdge(at: at, track: track ?? 2, signal: .flux), place)
    }
    return Capture(
      format: .times, assumptions: assumptions,
      content: .edges(collection.edges, kind: .f2f, track: track == nil ? .unknown : .known))
  }

  /// The unit of times that have none: kernels count nanoseconds, and what writes fractions means
  /// seconds.
  static func assumed(hasFraction: Bool, _ assumptions: inout [String]) -> TimeUnit {
    let unit = hasFraction ? TimeUnit.seconds : .nanoseconds
    assumptions.append("no unit of time is named: taken for \(unit.name)")
    return unit
  }

  // MARK: - Bits

  /// `130 bits 255,255,…`
  private static func isPackedRow(_ text: Substring) -> Bool {
    let words = text.split(separator: " ")
    return words.count >= 3 && Int(words[0]) != nil && words[1] == "bits"
  }

  private static func bits(_ text: CaptureText, _ options: CaptureOptions) throws -> Capture {
    var rows: [[Bool]] = []
    var plain: [Bool] = []
    let isInverted = text.settings.contains { $0.key == "inverted" && $0.value == "yes" }
    for line in text.lines {
      if isPackedRow(line.text) {
        rows.append(try packed(line))
      } else {
        for character in line.text where !character.isWhitespace {
          guard character == "0" || character == "1" else {
            throw CaptureError(
              .line(line.number), "\(String(character)[...].quoted) is no bit: 0 or 1")
          }
          plain.append((character == "1") != isInverted)
        }
      }
      guard plain.count <= StripeLimit.edges, rows.count < CaptureLimit.rows else {
        throw CaptureError(.line(line.number), "more than \(StripeLimit.edges) bits of one track")
      }
    }
    if !plain.isEmpty { rows.append(plain) }
    let track = try text.track() ?? options.track?.rawValue
    return Capture(
      format: .bits, content: .bits(rows, track: track.flatMap { StripeTrack(rawValue: $0) }))
  }

  /// So many bits in bytes, the most significant first, inverted as negative-true heads give them.
  private static func packed(_ line: TextLine) throws -> [Bool] {
    let place = CaptureError.Place.line(line.number)
    let words = line.text.split(separator: " ")
    let bytes = try words.dropFirst(2).joined().split(separator: ",").map { word in
      guard let byte = UInt8(word) else {
        throw CaptureError(place, "\(word.quoted) is no byte: 0 to 255")
      }
      return byte
    }
    guard let count = Int(words[0]), (1...StripeLimit.edges).contains(count) else {
      throw CaptureError(place, "a track has 1 to \(StripeLimit.edges) bits")
    }
    guard count <= bytes.count * 8, bytes.count * 8 < count + 8 else {
      throw CaptureError(place, "\(bytes.count) bytes do not hold \(count) bits")
    }
    return (0..<count).map { bytes[$0 / 8] >> UInt8(7 - $0 % 8) & 1 == 0 }
  }

  // MARK: - Records

  private static let recordSize = 16

  /// The stream of edges that the firmware reads: see docs/TESTING.md.
  private static func stream(_ bytes: [UInt8], _ options: CaptureOptions) throws -> Capture {
    guard bytes.count % recordSize == 0 else {
      throw CaptureError(
        .record(bytes.count / recordSize + 1), "the file ends inside a record of 16 bytes")
    }
    let records = stride(from: 0, to: bytes.count, by: recordSize)
    // Lines 3 and up exist at clock and data heads only, and each track of these has one.
    let kind: StripeSettings.Kind =
      records.contains { bytes[$0 + 12] > 2 } ? .clockData : .f2f
    var collection = EdgeCollection()
    var next: UInt32?
    var origin: UInt64?
    for (index, start) in records.enumerated() {
      let place = CaptureError.Place.record(index + 1)
      let time = littleEndian(bytes[start..<start + 8])
      let sequence = UInt32(truncatingIfNeeded: littleEndian(bytes[start + 8..<start + 12]))
      let level = bytes[start + 13]
      guard let line = streamLine(bytes[start + 12], kind) else {
        throw CaptureError(place, "line \(bytes[start + 12]): there are 0 to 6")
      }
      guard level <= 1 else { throw CaptureError(place, "level \(level) is neither 0 nor 1") }
      guard bytes[start + 14] == 0, bytes[start + 15] == 0 else {
        throw CaptureError(place, "bytes 14 and 15 are not 0")
      }
      let first = origin ?? time
      origin = first
      let at = try collection.instant(Int64(bitPattern: time &- first), place)
      if let next, next != sequence {
        try collection.append(StripeEdge(at: at, track: 0, signal: .gap), place)
      }
      next = sequence &+ 1
      try collection.append(
        StripeEdge(at: at, track: line.track ?? 0, signal: line.signal, isHigh: level == 1), place)
    }
    return Capture(
      format: .stream, content: .edges(collection.edges, kind: kind, track: .known))
  }

  static func streamLine(_ number: UInt8, _ kind: StripeSettings.Kind) -> CaptureLine? {
    switch (kind, number) {
    case (.f2f, 0...2): CaptureLine(.flux, track: number + 1)
    case (.clockData, 0...2): CaptureLine(.strobe, track: number + 1)
    case (.clockData, 3...5): CaptureLine(.data, track: number - 2)
    case (.clockData, 6): CaptureLine(.cardPresent, track: 0)
    default: nil
    }
  }

  private static func littleEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
