// Files of keys: lines of `name = 64 hexadecimal digits`, for a bench, and for a register.

import Octets

/// Three keys by name.
public struct KeyLines: ~Copyable {
  private let names: InlineArray<3, StaticString>
  private var keys = InlineArray<3, Key> { _ in Key() }

  public init(_ names: InlineArray<3, StaticString>) { self.names = names }

  public mutating func wipe() { for which in 0..<3 { keys[which].wipe() } }

  /// Shows one key, of 32 bytes once `read` has returned nil.
  public borrowing func withKey<R: ~Copyable, E: Error>(
    _ which: Int, _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try keys[which].withBytes(body)
  }

  /// Replaces `key` by one of them.
  public borrowing func copy(_ which: Int, into key: inout Key) {
    keys[which].withBytes { key.set($0) }
  }

  /// Reads a file's text: each name once; blank lines and lines that begin with `#` are passed
  /// over. Returns the number of the line that is wrong, or 0 when a name is missing; nil when all
  /// is well.
  public mutating func read(_ text: Span<UInt8>) -> Int? {
    var start = 0
    var number = 0
    while start < text.count {
      var end = start
      while end < text.count, text[end] != UInt8(ascii: "\n") { end += 1 }
      number += 1
      guard readLine(text.extracting(start..<end)) else { return number }
      start = end + 1
    }
    for which in 0..<3 where keys[which].count != 32 { return 0 }
    return nil
  }

  private mutating func readLine(_ line: Span<UInt8>) -> Bool {
    let trimmed = line.trimmed
    if trimmed.isEmpty || trimmed[0] == UInt8(ascii: "#") { return true }
    for index in trimmed.indices where trimmed[index] == UInt8(ascii: "=") {
      let name = trimmed.extracting(0..<index).trimmed
      for which in 0..<3 where withLiteral(names[which], { name.equals($0) }) {
        return set(which, trimmed.extracting((index + 1)...).trimmed)
      }
      return false
    }
    return false
  }

  private mutating func set(_ which: Int, _ digits: Span<UInt8>) -> Bool {
    guard keys[which].isEmpty else { return false }
    do throws(HexError) { try Hex.decode(digits, into: &keys[which]) } catch { return false }
    return keys[which].count == 32
  }
}

extension Span where Element == UInt8 {
  /// Without blanks at both ends.
  fileprivate var trimmed: Span<UInt8> {
    @_lifetime(copy self) get {
      var first = 0
      var last = count
      while first < last, self[first].isBlank { first += 1 }
      while last > first, self[last - 1].isBlank { last -= 1 }
      return extracting(first..<last)
    }
  }
}

extension UInt8 {
  fileprivate var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0D }
}
