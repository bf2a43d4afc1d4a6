// The text of a mistake, put together without a heap. What a message names of the file is shown as
// it stands there: control characters were refused before.

import Octets

/// One message. What does not fit is cut: the start says what is wrong.
struct Message: ~Copyable {
  private var text = Bytes<400>()

  mutating func add(_ bytes: Span<UInt8>) {
    do { try text.append(bytes.extracting(0..<min(bytes.count, text.room))) } catch {
      preconditionFailure("was cut to the room there is")
    }
  }

  mutating func add(_ literal: StaticString) { withLiteral(literal) { add($0) } }

  mutating func add(_ number: Int) {
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var rest = number.magnitude
    var at = 20
    repeat {
      at -= 1
      digits[at] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    } while rest != 0
    if number < 0 { add("-") }
    add(digits.span.extracting(at..<20))
  }

  /// Adds `bytes` in quotes, cut to 60 bytes at a character's start.
  mutating func quote(_ bytes: Span<UInt8>) {
    var length = min(bytes.count, 60)
    while length < bytes.count, length > 0, bytes[length] & 0xC0 == 0x80 { length -= 1 }
    add("'")
    add(bytes.extracting(0..<length))
    add(length < bytes.count ? "...'" : "'")
  }

  mutating func add(_ section: Section) {
    add("[")
    add(section.name)
    add("]")
  }

  /// Adds `key`'s name as the file has it.
  mutating func add(_ key: Key) { add(key.rule.name) }

  mutating func addSections() {
    for index in 0..<UInt8(Section.count) {
      guard let section = Section(rawValue: index) else { continue }
      add(index == 0 ? "" : ", ")
      add(section)
    }
  }

  mutating func addKeys(of section: Section) {
    var separator: StaticString = ""
    for index in 0..<UInt8(Key.total) {
      guard let key = Key(rawValue: index), key.rule.section == section else { continue }
      add(separator)
      add(key)
      separator = ", "
    }
  }

  borrowing func withBytes(_ body: (Span<UInt8>) -> Void) { text.withBytes(body) }
}

extension Message {
  /// Adds what `shape` allows.
  mutating func add(_ shape: Shape) {
    switch shape {
    case .word(let limit):
      add("1 to ")
      add(limit)
      add(" of a-z, 0-9 and -")
    case .text(let limit):
      add("1 to ")
      add(limit)
      add(" bytes of text")
    case .label(let limit):
      add("1 to ")
      add(limit)
      add(" ASCII characters without blanks")
    case .path:
      add("a path of 1 to ")
      add(Shape.pathLimit)
      add(" bytes")
    case .number(let range): add(range)
    case .numberOrAny(let range):
      add("any, ")
      add(range)
    case .hex(let limit):
      add("1 to ")
      add(limit)
      add(" hexadecimal digits and commas")
    case .choice(let words): add(words)
    case .octets(let limit):
      add("1 to ")
      add(limit)
      add(" bytes as pairs of hexadecimal digits")
    case .line:
      add("an offset from ")
      add(Shape.lines)
      add(", or a line's name")
    }
  }

  private mutating func add(_ range: ClosedRange<Int>) {
    add(range.lowerBound)
    add(" to ")
    add(range.upperBound)
  }
}

extension Key {
  /// Calls `body` with the text that says what the key's value may be.
  public func withAllowed(_ body: (Span<UInt8>) -> Void) {
    var message = Message()
    message.add(rule.shape)
    message.withBytes(body)
  }
}
