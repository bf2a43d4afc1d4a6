// What the guest tells Tests/VM/run: lines on the console that begin with `vm:`.

import CLinux
import Octets

enum Report {
  nonisolated(unsafe) private static var failures = 0

  static var areAllGood: Bool { failures == 0 }

  static func check(_ isTrue: Bool, _ words: StaticString) {
    guard isTrue else { return failed(words) }
    say("ok", words)
  }

  static func failed(_ words: StaticString) {
    failures += 1
    say("FAILED", words)
  }

  /// A number that was measured.
  static func number(_ name: StaticString, _ value: some FixedWidthInteger, _ unit: StaticString) {
    var line = TextLine("vm: number ")
    line.add(name)
    line.add(": ")
    line.add(value)
    line.add(" ")
    line.add(unit)
    line.write(to: 1)
  }

  static func say(_ kind: StaticString, _ words: StaticString) {
    var line = TextLine("vm: ")
    line.add(kind)
    line.add(" ")
    line.add(words)
    line.write(to: 1)
  }
}

/// A line of text on its way to a descriptor.
struct TextLine {
  private var bytes: [UInt8] = []

  init(_ words: StaticString) { add(words) }

  mutating func add(_ words: StaticString) { withLiteral(words) { add($0) } }

  mutating func add(_ text: Span<UInt8>) {
    for index in text.indices { bytes.append(text[index]) }
  }

  mutating func add(hex text: Span<UInt8>) {
    for index in text.indices {
      bytes.append(Hex.digit(text[index] >> 4))
      bytes.append(Hex.digit(text[index]))
    }
  }

  mutating func add(_ number: some FixedWidthInteger) {
    var digits: [UInt8] = []
    var rest = number.magnitude
    repeat {
      digits.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest != 0
    if number < 0 { bytes.append(UInt8(ascii: "-")) }
    bytes.append(contentsOf: digits.reversed())
  }

  func withBytes<R>(_ body: (Span<UInt8>) -> R) -> R { body(bytes.span) }

  /// Writes the text and a line end at once.
  func write(to descriptor: Int32) {
    let all = bytes + [UInt8(ascii: "\n")]
    all.withUnsafeBytes { _ = tg_write(descriptor, $0.baseAddress, $0.count) }
  }
}
