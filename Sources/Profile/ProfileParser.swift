// From the text of a board file to a `BoardProfile`. It goes on after a mistake, so that one run
// names them all.

import Octets

extension BoardProfile {
  /// Receives each mistake: its line, counted from 1, and what is wrong with what is allowed.
  public typealias Report = (_ line: Int, _ message: Span<UInt8>) -> Void

  /// The profile that `text` describes, or nil after at least one mistake was reported.
  public static func parse(_ text: Span<UInt8>, report: Report) -> BoardProfile? {
    guard text.count <= fileLimit else {
      withLiteral("the file is too long; allowed: 16384 bytes") { report(1, $0) }
      return nil
    }
    var parser = ProfileParser()
    parser.read(text, report)
    return parser.finish(report)
  }
}

struct ProfileParser: ~Copyable {
  /// Where the next key belongs.
  private enum Place {
    case beforeAnySection
    case inside(Section)
    /// After a heading that was wrong: its keys are passed over, one message is enough.
    case skipped
  }

  var profile = BoardProfile()
  private var place = Place.beforeAnySection
  /// The line of each key and section, of which there are fewer; 0 where it is not in the file.
  private var keyLines = InlineArray<80, Int>(repeating: 0)
  /// Keys whose value was wrong: what depends on them is not judged.
  private var faulty = InlineArray<80, Bool>(repeating: false)
  private var sectionLines = InlineArray<16, Int>(repeating: 0)
  private var line = 0
  private var hasMistake = false

  init() {}

  func line(of section: Section) -> Int { sectionLines[Int(section.rawValue)] }
  func line(of key: Key) -> Int { keyLines[Int(key.rawValue)] }
  func isGiven(_ key: Key) -> Bool { line(of: key) != 0 }
  func isFaulty(_ key: Key) -> Bool { faulty[Int(key.rawValue)] }
  func isRead(_ key: Key) -> Bool { isGiven(key) && !isFaulty(key) }

  mutating func report(at line: Int, _ message: borrowing Message, to report: BoardProfile.Report) {
    hasMistake = true
    message.withBytes { report(line, $0) }
  }

  private mutating func reportHere(_ literal: StaticString, to report: BoardProfile.Report) {
    var message = Message()
    message.add(literal)
    self.report(at: line, message, to: report)
  }

  // MARK: Lines

  mutating func read(_ text: Span<UInt8>, _ report: BoardProfile.Report) {
    // A byte order mark is what some editors begin UTF-8 with.
    var start = withLiteral("\u{FEFF}") { mark in
      text.count >= mark.count && text.extracting(0..<mark.count).equals(mark) ? mark.count : 0
    }
    while start < text.count {
      var end = start
      while end < text.count, text[end] != UInt8(ascii: "\n") { end += 1 }
      let next = end + 1
      if end < text.count, end > start, text[end - 1] == UInt8(ascii: "\r") { end -= 1 }
      line += 1
      readLine(text.extracting(start..<end), report)
      start = next
    }
  }

  private mutating func readLine(_ text: Span<UInt8>, _ report: BoardProfile.Report) {
    let fault: StaticString? =
      if text.count > BoardProfile.lineLimit {
        "the line is too long; allowed: 197 bytes"
      } else if !isUTF8(text) {
        "the line is not UTF-8; allowed: UTF-8"
      } else if Self.hasControl(text) {
        "the line has a control character; allowed: printable UTF-8 and tabs"
      } else {
        nil
      }
    if let fault {
      if IniLine.startsHeading(text) { place = .skipped }
      return reportHere(fault, to: report)
    }
    let line = IniLine(text)
    switch line.content {
    case .nothing: return
    case .heading:
      if !Self.endsAfterHeading(text) {
        reportHere("text after a [section]; allowed: a comment (;) or nothing", to: report)
      }
      line.section.withBytes { readHeading($0, report) }
    case .entry:
      line.name.withBytes { name in
        line.value.withBytes { value in readEntry(name, value, report) }
      }
    case .malformed:
      if IniLine.startsHeading(text) { place = .skipped }
      reportHere("not understood; allowed: [section], key = value, ; comment", to: report)
    }
  }

  /// Whether `text`, valid UTF-8, has a control character other than a tab (Unicode category Cc).
  private static func hasControl(_ text: Span<UInt8>) -> Bool {
    for index in text.indices {
      switch text[index] {
      case 0x09: continue
      case 0..<0x20, 0x7F: return true
      // U+0080 to U+009F. The byte C2 always has a follower in valid UTF-8.
      case 0xC2 where text[index + 1] < 0xA0: return true
      default: continue
      }
    }
    return false
  }

  /// Whether nothing but a comment follows the heading: inih passes over what stands there.
  private static func endsAfterHeading(_ text: Span<UInt8>) -> Bool {
    var isAfter = false
    for index in text.indices {
      let byte = text[index]
      if isAfter, byte == UInt8(ascii: ";") || byte == UInt8(ascii: "#") { return true }
      if isAfter, !IniLine.isBlank(byte) { return false }
      if byte == UInt8(ascii: "]") { isAfter = true }
    }
    return true
  }

  // MARK: Sections and keys

  private mutating func readHeading(_ name: Span<UInt8>, _ report: BoardProfile.Report) {
    var nearest = Nearest<Section>()
    for index in 0..<UInt8(Section.count) {
      guard let section = Section(rawValue: index) else { continue }
      if withLiteral(section.name, { $0.equals(name) }) { return enter(section, report) }
      nearest.consider(section, spelt: section.name, as: name)
    }
    place = .skipped
    var message = Message()
    message.add("unknown section ")
    message.quote(name)
    if let section = nearest.name {
      message.add(" (did you mean ")
      message.add(section)
      message.add("?)")
    }
    message.add("; allowed: ")
    message.addSections()
    self.report(at: line, message, to: report)
  }

  private mutating func enter(_ section: Section, _ report: BoardProfile.Report) {
    place = .inside(section)
    let first = sectionLines[Int(section.rawValue)]
    guard first != 0 else {
      sectionLines[Int(section.rawValue)] = line
      return
    }
    var message = Message()
    message.add(section)
    message.add(" again, after line ")
    message.add(first)
    message.add("; allowed: each section once")
    self.report(at: line, message, to: report)
  }

  private mutating func readEntry(
    _ name: Span<UInt8>, _ value: Span<UInt8>, _ report: BoardProfile.Report
  ) {
    switch place {
    case .skipped: return
    case .beforeAnySection:
      var message = Message()
      message.add("key ")
      message.quote(name)
      message.add(" before any section; allowed: ")
      message.addSections()
      self.report(at: line, message, to: report)
    case .inside(let section):
      guard let key = Self.key(name, in: section) else {
        return reportUnknown(name, in: section, report)
      }
      guard !isGiven(key) else { return reportDuplicate(key, report) }
      keyLines[Int(key.rawValue)] = line
      set(key, to: value, report)
    }
  }

  private static func key(_ name: Span<UInt8>, in section: Section) -> Key? {
    for index in 0..<UInt8(Key.total) {
      guard let key = Key(rawValue: index), key.rule.section == section else { continue }
      if withLiteral(key.rule.name, { $0.equals(name) }) { return key }
    }
    return nil
  }

  private mutating func reportUnknown(
    _ name: Span<UInt8>, in section: Section, _ report: BoardProfile.Report
  ) {
    var nearest = Nearest<Key>()
    var elsewhere: Section?
    for index in 0..<UInt8(Key.total) {
      guard let key = Key(rawValue: index) else { continue }
      if key.rule.section == section {
        nearest.consider(key, spelt: key.rule.name, as: name)
      } else if withLiteral(key.rule.name, { $0.equals(name) }) {
        elsewhere = key.rule.section
      }
    }
    var message = Message()
    message.add("unknown key ")
    message.quote(name)
    message.add(" in ")
    message.add(section)
    if let elsewhere {
      message.add(" (it belongs in ")
      message.add(elsewhere)
      message.add(")")
    } else if let key = nearest.name {
      message.add(" (did you mean '")
      message.add(key)
      message.add("'?)")
    }
    message.add("; allowed: ")
    message.addKeys(of: section)
    self.report(at: line, message, to: report)
  }

  private mutating func reportDuplicate(_ key: Key, _ report: BoardProfile.Report) {
    var message = Message()
    message.add(key)
    message.add(" again, after line ")
    message.add(line(of: key))
    message.add("; allowed: each key once")
    self.report(at: line, message, to: report)
  }

  private mutating func set(_ key: Key, to value: Span<UInt8>, _ report: BoardProfile.Report) {
    do throws(ValueError) {
      let number = try key.rule.shape.read(value)
      profile.set(key, to: number, value)
    } catch {
      faulty[Int(key.rawValue)] = true
      var message = Message()
      message.add(key)
      message.add(": ")
      message.quote(value)
      message.add(" ")
      message.add(error.text)
      message.add("; allowed: ")
      message.add(key.rule.shape)
      self.report(at: line, message, to: report)
    }
  }

  // MARK: The whole

  consuming func finish(_ report: BoardProfile.Report) -> BoardProfile? {
    for index in 0..<UInt8(Key.total) {
      guard let key = Key(rawValue: index), !isGiven(key) else { continue }
      if key.rule.isRequired { reportMissing(key, report) }
      if let fallback = key.rule.fallback { setDefault(key, fallback) }
    }
    checkRelations(report)
    if hasMistake { return nil }
    return profile
  }

  private mutating func setDefault(_ key: Key, _ fallback: StaticString) {
    withLiteral(fallback) { value in
      do throws(ValueError) {
        profile.set(key, to: try key.rule.shape.read(value), value)
      } catch { preconditionFailure("the table's defaults keep its own rules") }
    }
  }

  /// Says so at the section's heading, or at the file's last line when that is missing too.
  mutating func reportMissing(_ key: Key, _ report: BoardProfile.Report) {
    let heading = sectionLines[Int(key.rule.section.rawValue)]
    var message = Message()
    message.add(key)
    message.add(" is missing in ")
    message.add(key.rule.section)
    message.add("; allowed: ")
    message.add(key.rule.shape)
    self.report(at: heading != 0 ? heading : max(line, 1), message, to: report)
  }
}
