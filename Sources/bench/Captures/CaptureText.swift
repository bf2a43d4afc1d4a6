// Lines, words and numbers of a capture file that is text.

/// A unit of time, by its power of ten of nanoseconds.
enum TimeUnit: Int, Sendable {
  case nanoseconds = 0
  case microseconds = 3
  case milliseconds = 6
  case seconds = 9

  init?(_ name: some StringProtocol) {
    switch name {
    case "ns", "nsec", "nanoseconds": self = .nanoseconds
    case "us", "µs", "μs", "usec", "microseconds": self = .microseconds
    case "ms", "msec", "milliseconds": self = .milliseconds
    case "s", "sec", "seconds": self = .seconds
    default: return nil
    }
  }

  var name: String {
    switch self {
    case .nanoseconds: "ns"
    case .microseconds: "us"
    case .milliseconds: "ms"
    case .seconds: "s"
    }
  }
}

/// One line with its number, free of blanks at both ends.
struct TextLine {
  var number: Int
  var text: Substring

  /// `key: value` of a comment, in lower case.
  var setting: (key: String, value: String)? {
    let body = text.drop { $0 == "#" || $0 == ";" || $0 == " " }
    guard let colon = body.firstIndex(of: ":") else { return nil }
    return (
      body[..<colon].trimmed.lowercased(), body[body.index(after: colon)...].trimmed.lowercased()
    )
  }

  var isComment: Bool { text.first == "#" || text.first == ";" }
}

/// A text file in lines. Comments begin with `#` or, as some analysers write them, with `;`.
struct CaptureText {
  private(set) var lines: [TextLine] = []
  private(set) var settings: [(key: String, value: String, line: Int)] = []

  init(_ bytes: some Collection<UInt8>) throws {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CaptureError(.file, "neither text in UTF-8 nor a stream of records")
    }
    // A byte order mark, as some spreadsheets write it.
    let body =
      text.unicodeScalars.first == "\u{FEFF}"
      ? text.unicodeScalars.dropFirst() : text.unicodeScalars[...]
    var number = 0
    for raw in Substring(body).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    {
      number += 1
      let line = TextLine(number: number, text: raw.trimmed)
      if line.isComment {
        if let setting = line.setting { settings.append((setting.key, setting.value, number)) }
      } else if !line.text.isEmpty {
        lines.append(line)
      }
    }
  }

  /// `# unit: us`.
  func unit() throws -> TimeUnit? {
    guard let setting = settings.first(where: { $0.key == "unit" }) else { return nil }
    guard let unit = TimeUnit(setting.value) else {
      throw CaptureError(.line(setting.line), "unit '\(setting.value)' is none of ns, us, ms, s")
    }
    return unit
  }

  /// `# track: 2`.
  func track() throws -> UInt8? {
    guard let setting = settings.first(where: { $0.key == "track" }) else { return nil }
    guard let track = UInt8(setting.value), (1...3).contains(track) else {
      throw CaptureError(.line(setting.line), "track '\(setting.value)' is none of 1, 2, 3")
    }
    return track
  }
}

extension Substring {
  var trimmed: Substring {
    var text = self
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }

  /// Quoted in an error, but not at any length.
  var quoted: String { "'\(prefix(40))\(count > 40 ? "…" : "")'" }
}

/// A decimal number as it is written: digits × 10^exponent. Not a `Double`, which would lose
/// nanoseconds of a time since the epoch.
struct Decimal {
  private var digits: Int64 = 0
  private var exponent = 0
  private(set) var hasFraction = false

  init?(_ text: some StringProtocol) {
    var rest = Array(text.utf8)[...]
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
    var count = 0
    while let byte = rest.first {
      if byte == UInt8(ascii: "."), !hasFraction {
        hasFraction = true
      } else if let digit = Self.digit(byte) {
        count += 1
        guard take(digit) else { return nil }
      } else {
        break
      }
      rest.removeFirst()
    }
    guard count > 0, takeExponent(rest) else { return nil }
    if isNegative { digits = -digits }
  }

  private static func digit(_ byte: UInt8) -> Int64? {
    byte >= 0x30 && byte <= 0x39 ? Int64(byte - 0x30) : nil
  }

  /// Digits of the fraction that a 64-bit number has no room for are dropped.
  private mutating func take(_ digit: Int64) -> Bool {
    let (tens, overflow) = digits.multipliedReportingOverflow(by: 10)
    let (sum, carry) = tens.addingReportingOverflow(digit)
    guard !overflow, !carry else { return hasFraction }
    digits = sum
    if hasFraction { exponent -= 1 }
    return true
  }

  private mutating func takeExponent(_ text: ArraySlice<UInt8>) -> Bool {
    guard let mark = text.first else { return true }
    guard mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E"),
      let power = Int(String(decoding: text.dropFirst(), as: UTF8.self)), abs(power) < 100
    else { return false }
    exponent += power
    hasFraction = true
    return true
  }

  /// In nanoseconds, if it is a time in `unit`; nil if that overflows.
  func nanoseconds(_ unit: TimeUnit) -> Int64? {
    var value = digits
    var power = exponent + unit.rawValue
    while power > 0, value != 0 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      guard !overflow else { return nil }
      value = product
      power -= 1
    }
    while power < 0, value != 0 {
      value /= 10
      power += 1
    }
    return value
  }
}
