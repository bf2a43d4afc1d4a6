// Every mistake a board file can have, with the exact words for it.

import Testing

@testable import Profile

private let sections =
  "[board], [loop], [gpio], [stripe], [contactless], [register], [pairing], [indicators], "
  + "[storage], [card], [scanner], [display], [watcher], [concert]"

/// A change to the good board and the messages it must bring.
struct Mistake: Sendable, CustomTestStringConvertible {
  var key: String
  var replacement: String
  var messages: [String]
  var testDescription: String { "\(key) -> \(replacement.debugDescription)" }

  init(_ key: String, _ replacement: String, _ messages: String...) {
    self.key = key
    self.replacement = replacement
    self.messages = messages
  }
}

@Suite("A mistake in a board file is named with its line and what is allowed")
struct Mistakes {
  @Test(
    "of writing",
    arguments: [
      Mistake("[loop]", "[loop", "4: not understood; allowed: [section], key = value, ; comment"),
      Mistake("cpu", "cpu", "9: not understood; allowed: [section], key = value, ; comment"),
      Mistake(
        "[loop]", "[loop] tick_us = 1",
        "4: text after a [section]; allowed: a comment (;) or nothing"),
      Mistake(
        "cpu", "\u{1B}[2J", "9: the line has a control character; allowed: printable UTF-8 and tabs"
      ),
      Mistake(
        "cpu", "; \u{85}",
        "9: the line has a control character; allowed: printable UTF-8 and tabs"),
      Mistake(
        "cpu", "cpu = 1\0", "9: the line has a control character; allowed: printable UTF-8 and tabs"
      ),
      Mistake(
        "[card]", "[crad]",
        "29: unknown section 'crad' (did you mean [card]?); allowed: \(sections)"),
      Mistake("[card]", "[printer]", "29: unknown section 'printer'; allowed: \(sections)"),
      Mistake("[card]", "[]", "29: unknown section ''; allowed: \(sections)"),
      Mistake(
        "[card]", "[loop]\n[card]", "29: [loop] again, after line 4; allowed: each section once"),
      Mistake(
        "[board]", "x = 1\n[board]", "1: key 'x' before any section; allowed: \(sections)"),
      Mistake(
        "baud", "bud = 9600",
        "21: unknown key 'bud' in [register] (did you mean 'baud'?); allowed: port, baud"),
      Mistake(
        "baud", "bias = 1",
        "21: unknown key 'bias' in [register] (it belongs in [stripe]); allowed: port, baud"),
      Mistake("baud", "= 1", "21: unknown key '' in [register]; allowed: port, baud"),
      Mistake(
        "baud", String(repeating: "é", count: 40) + "=1",
        "21: unknown key '" + String(repeating: "é", count: 30)
          + "...' in [register]; allowed: port, baud"),
      Mistake(
        "baud", "baud = 9600\nbaud = 9600",
        "22: baud again, after line 21; allowed: each key once"),
    ])
  func writing(_ mistake: Mistake) {
    #expect(read(board(mistake.key, mistake.replacement)) == mistake.messages)
  }

  @Test(
    "of values",
    arguments: [
      Mistake(
        "tick_us", "tick_us = 1ms",
        "5: tick_us: '1ms' is not a plain decimal number; allowed: 250 to 10000"),
      Mistake(
        "tick_us", "tick_us = 249", "5: tick_us: '249' is out of range; allowed: 250 to 10000"),
      Mistake(
        "tick_us", "tick_us = 10001", "5: tick_us: '10001' is out of range; allowed: 250 to 10000"),
      Mistake("tick_us", "tick_us =", "5: tick_us: '' is empty; allowed: 250 to 10000"),
      Mistake(
        "tick_us", "tick_us = -1",
        "5: tick_us: '-1' is not a plain decimal number; allowed: 250 to 10000"),
      Mistake(
        "tick_us", "tick_us = 18446744073709552616",
        "5: tick_us: '18446744073709552616' is out of range; allowed: 250 to 10000"),
      Mistake(
        "cpu", "cpu = all", "9: cpu: 'all' is not a plain decimal number; allowed: any, 0 to 63"),
      Mistake(
        "track1", "track1 = 1024",
        "15: track1: '1024' is out of range; "
          + "allowed: an offset from 0 to 1023, or a line's name"),
      Mistake(
        "track1", "track1 = 4x",
        "15: track1: '4x' is not a plain decimal number; "
          + "allowed: an offset from 0 to 1023, or a line's name"),
      Mistake(
        "track1", "track1 = a b",
        "15: track1: 'a b' has a character that does not belong there; "
          + "allowed: an offset from 0 to 1023, or a line's name"),
      Mistake(
        "bias", "bias = up",
        "18: bias: 'up' is not a choice; allowed: as-is, pull-up, pull-down, disabled"),
      Mistake(
        "bias", "bias = as-is, pull-up",
        "18: bias: 'as-is, pull-up' is not a choice; allowed: as-is, pull-up, pull-down, disabled"),
      Mistake(
        "baud", "baud = 1200",
        "21: baud: '1200' is not a choice; allowed: "
          + "9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600"
      ),
      Mistake(
        "name", "name = Pi 5",
        "2: name: 'Pi 5' has a character that does not belong there; "
          + "allowed: 1 to 32 of a-z, 0-9 and -"
      ),
      Mistake(
        "chip", "chip = two words",
        "11: chip: 'two words' has a character that does not belong there; "
          + "allowed: 1 to 31 ASCII characters without blanks"
      ),
      Mistake(
        "port", "port = " + String(repeating: "p", count: 108),
        "20: port: '" + String(repeating: "p", count: 60)
          + "...' is too long; allowed: a path of 1 to 107 bytes"),
      Mistake(
        "leading_digits", "leading_digits = 7",
        "30: leading_digits: '7' is out of range; allowed: 0 to 6"),
      Mistake(
        "trailing_digits", "trailing_digits = 5",
        "31: trailing_digits: '5' is out of range; allowed: 0 to 4"),
    ])
  func values(_ mistake: Mistake) {
    #expect(read(board(mistake.key, mistake.replacement)) == mistake.messages)
  }

  @Test(
    "of keys that are missing",
    arguments: [
      Mistake("name", ";", "1: name is missing in [board]; allowed: 1 to 32 of a-z, 0-9 and -"),
      Mistake("model", ";", "1: model is missing in [board]; allowed: 1 to 64 bytes of text"),
      Mistake("port", ";", "19: port is missing in [register]; allowed: a path of 1 to 107 bytes"),
      Mistake("kind", ";", "12: kind is missing in [stripe]; allowed: f2f, clock-data"),
      Mistake("source", ";", "12: source is missing in [stripe]; allowed: gpio, stream"),
      Mistake(
        "chip", ";",
        "10: chip is missing in [gpio]; allowed: 1 to 31 ASCII characters without blanks"),
    ])
  func missing(_ mistake: Mistake) {
    #expect(read(board(mistake.key, mistake.replacement)) == mistake.messages)
  }

  @Test(
    "of values that do not fit each other",
    arguments: [
      Mistake(
        "silence_ms", "silence_ms = 12",
        "17: silence_ms and one tick_us do not end before release_ms; allowed: their sum below it"),
      Mistake(
        "release_ms", "release_ms = 7",
        "17: silence_ms and one tick_us do not end before release_ms; allowed: their sum below it"),
      Mistake(
        "tick_us", "tick_us = 5000",
        "17: silence_ms and one tick_us do not end before release_ms; allowed: their sum below it"),
      Mistake(
        "capture_priority", "capture_priority = 30",
        "8: capture_priority is not above priority; allowed: a higher one"),
      Mistake(
        "track2", "track2 = 4",
        "16: track2 is the same GPIO line as track1 in line 15; allowed: one role for each"),
      Mistake(
        "track2", "track2 = A\ntrack3 = A",
        "17: track3 is the same GPIO line as track2 in line 16; allowed: one role for each"),
      Mistake(
        "ready", "ready = 0",
        "23: ready is the same GPIO line as track2 in line 16; allowed: one role for each"),
      Mistake(
        "track1", "track1.strobe = 1\ntrack1 = 4",
        "15: track1.strobe is only for kind = clock-data; allowed: to leave it out"),
      Mistake(
        "track1", "stream = x\ntrack1 = 4",
        "15: stream is only for source = stream; allowed: to leave it out"),
      Mistake(
        "source", "source = stream",
        "12: stream is missing in [stripe]; allowed: a path of 1 to 107 bytes",
        "15: track1 is only for source = gpio; allowed: to leave it out",
        "16: track2 is only for source = gpio; allowed: to leave it out",
        "18: bias is only for source = gpio; allowed: to leave it out"),
      Mistake(
        "kind", "kind = clock-data",
        "15: track1 is only for kind = f2f; allowed: to leave it out",
        "16: track2 is only for kind = f2f; allowed: to leave it out",
        "13: no track has lines; allowed: trackN.strobe with trackN.data, N from 1 to 3"),
    ])
  func relations(_ mistake: Mistake) {
    #expect(read(board(mistake.key, mistake.replacement)) == mistake.messages)
  }

  @Test("of heads without a whole track")
  func halfWired() {
    let bare = board("track1", ";").replacing("track2 = 0", with: ";")
    #expect(read(bare) == ["13: no track has a line; allowed: track1, track2, track3"])
    let half = board("kind", "kind = clock-data")
      .replacing("track1 = 4", with: "track1.strobe = 4")
      .replacing("track2 = 0", with: "track3.data = 5")
    #expect(
      read(half) == [
        "12: track1.data is missing in [stripe]; "
          + "allowed: an offset from 0 to 1023, or a line's name",
        "12: track3.strobe is missing in [stripe]; "
          + "allowed: an offset from 0 to 1023, or a line's name",
      ])
  }

  @Test("of a port used twice")
  func portTwice() {
    let text = """
      [board]
      name = b
      model = B
      [stripe]
      kind = f2f
      source = stream
      stream = same
      [register]
      port = same
      """
    #expect(
      read(text) == [
        "9: port of [register] and stream of [stripe] are the same; allowed: a path of its own"
      ])
  }

  @Test(
    "of a watcher without a line of its own",
    arguments: [
      ("port = p", "10: port of [watcher] and port of [register] are the same"),
      ("port = r", "12: port of [watcher] and port of [contactless] are the same"),
      ("baud = 9600", "9: port is missing in [watcher]"),
    ])
  func watcher(line: String, mistake: String) throws {
    let text = """
      [board]
      name = b
      model = B
      [stripe]
      kind = f2f
      source = stream
      [register]
      port = p
      [watcher]
      \(line)
      [contactless]
      port = r
      country = 276
      """
    let found = read(text).filter { !$0.contains("[stripe]") }
    #expect(found.count == 1 && found[0].hasPrefix(mistake), "\(found)")
  }

  @Test("and one mistake does not hide another")
  func all() {
    let text = board("name", "name = ?").replacing("baud = 921600", with: "baud = 1")
      .replacing("ready = 10", with: "ready = 4").replacing("priority = 30", with: "priority = 80")
    #expect(read(text).map { $0.prefix { $0 != ":" } } == ["2", "21", "8", "23"])
  }

  @Test("an empty file misses what every board needs")
  func empty() {
    #expect(
      read("") == [
        "1: name is missing in [board]; allowed: 1 to 32 of a-z, 0-9 and -",
        "1: model is missing in [board]; allowed: 1 to 64 bytes of text",
        "1: kind is missing in [stripe]; allowed: f2f, clock-data",
        "1: source is missing in [stripe]; allowed: gpio, stream",
        "1: port is missing in [register]; allowed: a path of 1 to 107 bytes",
      ])
  }

  @Test("bytes that are no UTF-8", arguments: [[0xFF], [0xC2], [0xC0, 0x80], [0xED, 0xA0, 0x80]])
  func notUTF8(_ bytes: [UInt8]) {
    #expect(
      read(Array("; ".utf8) + bytes + Array("\n\(goodBoard)".utf8))
        == ["1: the line is not UTF-8; allowed: UTF-8"])
  }
}

@Suite("Any bytes whatever")
struct AnyBytes {
  @Test("give a profile or a mistake, and never both or neither", arguments: 1...200)
  func arbitrary(_ seed: UInt64) {
    var random = Seeded(seed)
    // Half noise, half a good file with bytes changed, dropped and repeated.
    var bytes: [UInt8] =
      seed % 2 == 0
      ? (0..<Int.random(in: 0...3000, using: &random)).map { _ in
        .random(in: 0...255, using: &random)
      }
      : Array(goodBoard.utf8)
    for _ in 0..<Int.random(in: 1...20, using: &random) where !bytes.isEmpty {
      let place = Int.random(in: bytes.indices, using: &random)
      switch Int.random(in: 0..<3, using: &random) {
      case 0: bytes[place] = Array("[]=:;#\n\r\t\0 \u{FE}a9".utf8).randomElement(using: &random)!
      case 1: bytes.remove(at: place)
      default: bytes.insert(contentsOf: bytes[place...].prefix(40), at: place)
      }
    }
    var isGood = false
    let mistakes = read(bytes) { _ in isGood = true }
    #expect(isGood == mistakes.isEmpty, "seed \(seed)")
  }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Seeded: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
