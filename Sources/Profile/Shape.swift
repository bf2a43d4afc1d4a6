// What the values of a board file look like, apart from what they mean (Keys.swift).

/// What a value must look like.
public enum Shape: Sendable {
  /// Lower-case letters, digits and hyphens.
  case word(limit: Int)
  /// Printable UTF-8.
  case text(limit: Int)
  /// ASCII without blanks, as the kernel names chips.
  case label(limit: Int)
  /// A path of at most 107 bytes.
  case path
  /// A decimal number.
  case number(ClosedRange<Int>)
  /// A decimal number, or `any`.
  case numberOrAny(ClosedRange<Int>)
  /// Hexadecimal digits, and commas between numbers.
  case hex(limit: Int)
  /// One of the words between the commas.
  case choice(StaticString)
  /// The offset of a line on the GPIO chip, or its name.
  case line
  /// Bytes as pairs of hexadecimal digits without blanks.
  case octets(limit: Int)

  static let pathLimit = 107
  /// The kernel's GPIO_MAX_NAME_SIZE less the NUL.
  static let nameLimit = 31
  /// Offsets that a line can have; the largest chips of today have a few hundred lines.
  static let lines = 0...1023
}
