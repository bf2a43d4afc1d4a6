// Reads one value of a board file by the shape that its key's rule gives.

import Octets

/// What is wrong with a value.
enum ValueError: Error, Equatable {
  case empty
  case tooLong
  case character
  case notNumber
  case outOfRange
  case notChoice
  case oddLength

  var text: StaticString {
    switch self {
    case .empty: "is empty"
    case .tooLong: "is too long"
    case .character: "has a character that does not belong there"
    case .notNumber: "is not a plain decimal number"
    case .outOfRange: "is out of range"
    case .notChoice: "is not a choice"
    case .oddLength: "is half a byte too long"
    }
  }
}

extension Shape {
  /// What `any`, or the name of a line, is read as where a number may stand as well.
  static let asText = -1

  /// The number, the index of the choice, `asText`, or 0 for what stays text.
  func read(_ value: Span<UInt8>) throws(ValueError) -> Int {
    guard !value.isEmpty else { throw .empty }
    switch self {
    case .word(let limit): return try Self.check(value, limit, Self.isWord)
    case .text(let limit): return try Self.check(value, limit) { _ in true }
    case .label(let limit): return try Self.check(value, limit, Self.isGraphic)
    case .path: return try Self.check(value, Self.pathLimit) { _ in true }
    case .number(let range): return try Self.number(value, range)
    case .line:
      // A name that began with a digit would be a misspelt offset.
      if Self.isDigit(value[0]) { return try Self.number(value, Self.lines) }
      _ = try Self.check(value, Self.nameLimit, Self.isGraphic)
      return Self.asText
    case .octets(let limit):
      guard value.count % 2 == 0 else { throw .oddLength }
      return try Self.check(value, 2 * limit) { Hex.value($0) != nil }
    case .numberOrAny(let range):
      if withLiteral("any", { $0.equals(value) }) { return Self.asText }
      return try Self.number(value, range)
    case .hex(let limit):
      return try Self.check(value, limit) { Hex.value($0) != nil || $0 == UInt8(ascii: ",") }
    case .choice(let words): return try Self.choice(value, words)
    }
  }

  private static func isGraphic(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "-"):
      true
    default: false
    }
  }

  private static func check(
    _ value: Span<UInt8>, _ limit: Int, _ isAllowed: (UInt8) -> Bool
  ) throws(ValueError) -> Int {
    guard value.count <= limit else { throw .tooLong }
    for index in value.indices where !isAllowed(value[index]) { throw .character }
    return 0
  }

  private static func number(
    _ value: Span<UInt8>, _ range: ClosedRange<Int>
  ) throws(ValueError) -> Int {
    for index in value.indices where !isDigit(value[index]) { throw .notNumber }
    guard let number = decimal(value), range.contains(Int(number)) else { throw .outOfRange }
    return Int(number)
  }

  private static func choice(
    _ value: Span<UInt8>, _ words: StaticString
  ) throws(ValueError) -> Int {
    let found = withLiteral(words) { words in
      var start = 0
      var place = 0
      for index in 0...words.count {
        guard index == words.count || words[index] == UInt8(ascii: ",") else { continue }
        if words.extracting(start..<index).equals(value) { return place }
        place += 1
        // Past the comma and the blank after it.
        start = min(index + 2, words.count)
      }
      return -1
    }
    guard found >= 0 else { throw .notChoice }
    return found
  }
}
