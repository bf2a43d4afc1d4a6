// Text to standard output and standard error without a heap: a line is put together in place and
// written at once, so that lines of several threads do not mix.

import CLinux
import Octets

/// One line of text on its way to a descriptor. Longer than `capacity` is cut, never split.
public struct Line: ~Copyable {
  public static let capacity = 480
  private var text = Bytes<480>()

  public init() {}

  public mutating func add(_ literal: StaticString) {
    withLiteral(literal) { add($0) }
  }

  public mutating func add(_ bytes: Span<UInt8>) {
    let fitting = bytes.extracting(0..<min(bytes.count, text.room))
    do { try text.append(fitting) } catch { preconditionFailure("was cut to the room there is") }
  }

  public mutating func add<I: FixedWidthInteger>(_ number: I) {
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var rest = number.magnitude
    var at = 20
    repeat {
      at -= 1
      let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
      digits[at] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: remainder)
      rest = quotient
    } while rest != 0
    if number < 0 { add("-") }
    add(digits.span.extracting(at..<20))
  }

  /// A number below a million, with zeros in front.
  public mutating func add(sixDigits number: UInt32) {
    var least: UInt32 = 100_000
    while least > 1, number < least {
      add("0")
      least /= 10
    }
    add(number)
  }

  public mutating func add(hex bytes: Span<UInt8>) {
    for index in bytes.indices {
      do {
        try text.append(Hex.digit(bytes[index] >> 4))
        try text.append(Hex.digit(bytes[index]))
      } catch { return }
    }
  }

  public mutating func add(hex byte: UInt8) {
    let bytes: InlineArray<1, UInt8> = [byte]
    add(hex: bytes.span)
  }

  public borrowing func withBytes(_ body: (Span<UInt8>) -> Void) { text.withBytes(body) }

  /// Writes the text and a line end.
  public consuming func print(to console: Console = .output) {
    print(toDescriptor: console.rawValue)
  }

  public consuming func print(toDescriptor descriptor: Int32) {
    if text.room == 0 { text.truncate(to: Self.capacity - 1) }
    add("\n")
    text.withBytes { bytes in
      bytes.withUnsafeBytes { _ = tg_write(descriptor, $0.baseAddress, $0.count) }
    }
  }
}

public enum Console: Int32, Sendable {
  case output = 1
  case error = 2

  /// Writes a literal, which may have several lines.
  public func print(_ literal: StaticString) {
    withLiteral(literal) { text in
      var start = 0
      for end in 0...text.count where end == text.count || text[end] == UInt8(ascii: "\n") {
        var line = Line()
        line.add(text.extracting(start..<end))
        line.print(to: self)
        start = end + 1
      }
    }
  }
}
