// How `tillgate pair` and a running `tillgate run` talk: one leaves a request in the state
// directory, the other answers in files beside it. All are the owner's alone, and replaced whole.

import Link
import LinuxBoard
import Octets

enum PairingNotes {
  /// `ID open`, `ID close`, `ID list` or `ID remove DIGITS`, the first of a key in hexadecimal.
  static let request: StaticString = "pair.request"
  /// `ID WORD DETAIL`, see `PairingNews`: what becomes of the window.
  static let answer: StaticString = "pair.answer"
  /// The same for every other request: its answer replaces no news of a window.
  static let reply: StaticString = "pair.reply"
  /// Hexadecimal digits that tell one request's answers from another's.
  static let idSize = 8
}

/// A note: one line of text, and one for each register in an answer to `list`.
typealias PairingNote = Bytes<640>

/// What the running controller says of a request. The words are what stands in the note.
enum PairingNews {
  case open
  case code(UInt32)
  case wrong(triesLeft: Int)
  case expired
  case paired(PairedRegister)
  case full
  case failed
  case closed
  case removed
  /// No register's key, or more than one's, begins with the digits.
  case unknown
  case list

  var word: StaticString {
    switch self {
    case .open: "open"
    case .code: "code"
    case .wrong: "wrong"
    case .expired: "expired"
    case .paired: "paired"
    case .full: "full"
    case .failed: "failed"
    case .closed: "closed"
    case .removed: "removed"
    case .unknown: "unknown"
    case .list: "list"
    }
  }

  func append(to note: inout PairingNote) throws(Overflow) {
    try note.append(word)
    switch self {
    case .code(let code):
      try note.append(" ")
      var least: UInt32 = 100_000
      while least > 0 {
        try note.append(UInt8(ascii: "0") + UInt8(code / least % 10))
        least /= 10
      }
    case .wrong(let left):
      try note.append(" ")
      try note.append(UInt8(ascii: "0") + UInt8(clamping: left))
    case .paired(let register):
      try note.append(" ")
      try register.key.withBytes { (key) throws(Overflow) in
        try Hex.encode(key.extracting(..<8), into: &note)
      }
      try note.append(" ")
      try register.name.withText { (name) throws(Overflow) in try note.append(name) }
    case .open, .expired, .full, .failed, .closed, .removed, .unknown, .list: break
    }
  }
}

/// The words of a note, which blanks part.
struct NoteWords: ~Copyable, ~Escapable {
  private let text: Span<UInt8>
  private var at = 0

  @_lifetime(copy text)
  init(_ text: Span<UInt8>) { self.text = text }

  /// The next word, empty at the end.
  @_lifetime(copy self)
  mutating func next() -> Span<UInt8> {
    while at < text.count, text[at] == 0x20 { at += 1 }
    let start = at
    while at < text.count, text[at] > 0x20 { at += 1 }
    return text.extracting(start..<at)
  }

  /// Everything after the line that it is in.
  @_lifetime(copy self)
  mutating func linesBelow() -> Span<UInt8> {
    while at < text.count, text[at] != 0x0A { at += 1 }
    return text.extracting(min(at + 1, text.count)..<text.count)
  }

  /// Everything up to the line's end.
  @_lifetime(copy self)
  mutating func rest() -> Span<UInt8> {
    while at < text.count, text[at] == 0x20 { at += 1 }
    let start = at
    while at < text.count, text[at] >= 0x20 { at += 1 }
    return text.extracting(start..<at)
  }
}
