// How `tillgate pair` and a running `tillgate run` talk: one leaves a request in the state
// directory, the other answers in a file beside it. Both are the owner's alone, and replaced whole.

import Link
import LinuxBoard
import Octets

enum PairingNotes {
  /// `ID open`, `ID close` or `ID remove KEY`, KEY in hexadecimal.
  static let request: StaticString = "pair.request"
  /// `ID WORD DETAIL`, see `PairingNews`.
  static let answer: StaticString = "pair.answer"
  /// Hexadecimal digits that tell one request's answers from another's.
  static let idSize = 8
}

/// A note: one line of text.
typealias PairingNote = Bytes<160>

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
  case unknown

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
        for index in 0..<8 {
          try note.append(Hex.digit(key[index] >> 4))
          try note.append(Hex.digit(key[index]))
        }
      }
      try note.append(" ")
      try register.name.withText { (name) throws(Overflow) in try note.append(name) }
    case .open, .expired, .full, .failed, .closed, .removed, .unknown: break
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

  /// Everything up to the line's end.
  @_lifetime(copy self)
  mutating func rest() -> Span<UInt8> {
    while at < text.count, text[at] == 0x20 { at += 1 }
    let start = at
    while at < text.count, text[at] >= 0x20 { at += 1 }
    return text.extracting(start..<at)
  }
}
