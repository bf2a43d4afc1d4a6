// One line of a board file as inih reads it. Handing the library a line at a time keeps the line's
// number (Debian's build does not pass it), leaves no room for its continuation lines, which would
// swallow an indented key, and keeps closures out of C.

import CInih
import Octets

struct IniLine: ~Copyable {
  enum Content {
    /// Empty or a comment.
    case nothing
    /// A `[section]`; its name is in `section`.
    case heading
    /// A `name = value`, both in the fields of that name.
    case entry
    /// Neither.
    case malformed
  }

  private(set) var content = Content.nothing
  /// Cut by inih to 49 bytes, more than any known name has.
  private(set) var section = Bytes<64>()
  private(set) var name = Bytes<208>()
  private(set) var value = Bytes<208>()
  private var calls = 0

  /// `line` is at most `BoardProfile.lineLimit` bytes and has no NUL and no line end.
  init(_ line: Span<UInt8>) {
    precondition(line.count <= BoardProfile.lineLimit, "checked by the parser")
    // The probe is a second line: inih tells a section only together with a key in it.
    var text = Bytes<208>()
    do {
      try text.append(line)
      try text.append("\n?=\n")
      try text.append(0)
    } catch { preconditionFailure("the line limit leaves room for the probe") }
    let failedLine = text.withBytes { bytes in
      bytes.withUnsafeBytes { bytes in
        withUnsafeMutablePointer(to: &self) { line in
          ini_parse_string(
            bytes.baseAddress!.assumingMemoryBound(to: CChar.self), IniLine.take, line)
        }
      }
    }
    if failedLine != 0 {
      content = .malformed
    } else if calls == 2 {
      content = .entry
    } else if !section.isEmpty || Self.startsHeading(line) {
      content = .heading
    }
  }

  /// Whether the first byte that is no blank opens a heading, good or not.
  static func startsHeading(_ line: Span<UInt8>) -> Bool {
    for index in line.indices where !isBlank(line[index]) {
      return line[index] == UInt8(ascii: "[")
    }
    return false
  }

  /// Blanks of C's `isspace` that a checked line can still have.
  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  /// inih's callback: for the line if it is an entry, then for the probe.
  private static let take: ini_handler = { line, section, name, value in
    guard let line = line?.assumingMemoryBound(to: IniLine.self) else { return 0 }
    line.pointee.receive(section, name, value)
    return 1
  }

  private mutating func receive(
    _ section: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?
  ) {
    calls += 1
    if calls == 1 {
      Self.copy(name, into: &self.name)
      Self.copy(value, into: &self.value)
    }
    Self.copy(section, into: &self.section)
  }

  private static func copy<let capacity: Int>(
    _ text: UnsafePointer<CChar>?, into bytes: inout Bytes<capacity>
  ) {
    bytes.removeAll()
    guard let text else { return }
    var index = 0
    while text[index] != 0 {
      do { try bytes.append(UInt8(bitPattern: text[index])) } catch { return }
      index += 1
    }
  }
}
