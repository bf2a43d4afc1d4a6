// A terminal that asks the running controller for something about pairings, and hears its answers.

import CLinux
import Link
import LinuxBoard
import Octets

struct PairingAsker: ~Copyable {
  /// How often the answer is looked at, how long the first may take, and how long all of it.
  private static let round = Interval.milliseconds(100)
  private static let patience = Interval.seconds(5)
  private static let most = Interval.seconds(180)

  private let options: PairOptions
  private let directory: StateDirectory
  private var id = Bytes<8>()
  private var answers = PairingNotes.answer
  private var heard = PairingNote()
  private var startedAt = Instant(nanoseconds: 0)

  /// Fails when no controller runs in the directory.
  init(_ options: PairOptions) throws(PairCommand.Failed) {
    let directory: StateDirectory
    do throws(FileError) {
      directory = try StateDirectory(options.state, creating: false, locking: false)
    } catch { throw PairCommand.report(.directory(error), options) }
    if Self.isControllerAway(options) {
      throw PairCommand.fail(
        options, "no tillgate is running here; start it first: systemctl start tillgate")
    }
    self.directory = directory
    self.options = options
  }

  /// Whether the directory could be locked, which a running controller does.
  static func isControllerAway(_ options: PairOptions) -> Bool {
    do throws(FileError) {
      _ = try StateDirectory(options.state, creating: false, locking: true)
      return true
    } catch { return false }
  }

  /// Leaves a request, in place of one that nobody has taken yet.
  mutating func ask(
    _ verb: StaticString, _ options: PairOptions
  ) throws(PairCommand.Failed) {
    startedAt = MonotonicClock.now()
    answers = options.verb == .open ? PairingNotes.answer : PairingNotes.reply
    drawID()
    var note = PairingNote()
    do throws(Overflow) {
      try id.withBytes { (id) throws(Overflow) in try note.append(id) }
      try note.append(" ")
      try note.append(verb)
      if options.verb == .remove {
        try note.append(" ")
        // Longer than any key: it is of no use, and cut.
        try options.withDigits { (digits) throws(Overflow) in
          try note.append(digits.extracting(0..<min(digits.count, 65)))
        }
      }
      try note.append("\n")
    } catch { preconditionFailure("a request is 83 bytes at most") }
    do throws(FileError) {
      try note.withBytes { (note) throws(FileError) in
        try directory.replace(PairingNotes.request, by: note)
      }
    } catch { throw PairCommand.report(.note(error), options) }
  }

  private mutating func drawID() {
    var random = Bytes<4>()
    random.drawRandom(4)
    id.removeAll()
    do throws(Overflow) {
      try random.withBytes { (random) throws(Overflow) in try Hex.encode(random, into: &id) }
    } catch { preconditionFailure("8 digits fit") }
  }

  /// Waits for the next answer. Fails when there is none for too long; never false.
  mutating func hear() throws(PairCommand.Failed) -> Bool {
    while true {
      MonotonicClock.sleep(until: MonotonicClock.now() + Self.round)
      var note = PairingNote()
      do throws(FileError) { try directory.read(answers, .secret, into: &note) } catch {
        note.removeAll()
      }
      if isNews(note) {
        note.withBytes { heard.set($0) }
        return true
      }
      let waited = MonotonicClock.now() - startedAt
      if heard.isEmpty && waited >= Self.patience || waited >= Self.most {
        throw PairCommand.fail(
          options, "the controller does not answer; see its log: journalctl -u tillgate")
      }
    }
  }

  private borrowing func isNews(_ note: borrowing PairingNote) -> Bool {
    note.withBytes { note in
      var words = NoteWords(note)
      let isOurs = id.withBytes { id in words.next().equals(id) }
      return isOurs && !heard.withBytes { $0.equals(note) }
    }
  }

  borrowing func news(is word: StaticString) -> Bool {
    heard.withBytes { note in
      var words = NoteWords(note)
      _ = words.next()
      return withLiteral(word) { words.next().equals($0) }
    }
  }

  /// The lines below the last answer's first.
  borrowing func withLines(_ body: (Span<UInt8>) -> Void) {
    heard.withBytes { note in
      var words = NoteWords(note)
      body(words.linesBelow())
    }
  }

  /// Prints the last answer to `open`; whether it was a register's pairing or the end without one,
  /// nil when more is to come.
  borrowing func showNews() -> Bool? {
    var line = Line()
    heard.withBytes { note in
      var words = NoteWords(note)
      _ = words.next()
      _ = words.next()
      line.add(Self.before(self))
      line.add(words.rest())
    }
    line.add(after)
    line.print()
    if news(is: "paired") { return true }
    return news(is: "closed") || news(is: "full") || news(is: "failed") ? false : nil
  }

  private static func before(_ asker: borrowing PairingAsker) -> StaticString {
    if asker.news(is: "open") { return "start the pairing at the register; there are 120 seconds" }
    if asker.news(is: "code") { return "code " }
    if asker.news(is: "wrong") { return "that was another code; tries left: " }
    if asker.news(is: "expired") { return "the code was not used; start again at the register" }
    if asker.news(is: "paired") { return "paired: " }
    if asker.news(is: "full") { return "eight registers are paired; remove one first" }
    if asker.news(is: "failed") { return "it could not be stored; the controller's log says why" }
    return "the window is closed, and no register was paired"
  }

  private var after: StaticString { news(is: "code") ? "; type it at the register" : "" }
}
