// The live view: what the customer is told and every step as it happens, above a line to type at.
// Every row is drawn anew at its place: that much ANSI every terminal has.

import Foundation
import Glibc
import Link
import Octets
import Register

struct LiveView {
  private static let panel = 7
  private let line: String
  private let rows: Int
  private let columns: Int
  private var request: PaymentRequest?
  private var began: Instant?
  private var track: [String] = []
  private var prompt = ""
  private var verdict = ""
  private var standing = "no session yet"
  private var said: [String] = []
  private var before = termios()

  init(line: String) {
    self.line = line
    var size = winsize()
    let isKnown = ioctl(1, UInt(TIOCGWINSZ), &size) == 0 && size.ws_row > 0
    rows = isKnown ? max(Int(size.ws_row), 12) : 24
    columns = isKnown ? max(Int(size.ws_col), 40) : 80
    for line in Order.help.split(separator: "\n") { say("  " + line) }
  }

  /// Takes the screen, and the keys one by one.
  mutating func open() {
    if tcgetattr(0, &before) == 0 {
      var raw = before
      raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
      tcsetattr(0, TCSANOW, &raw)
    }
    write("\u{1B}[2J")
  }

  /// Gives both back.
  mutating func close() {
    tcsetattr(0, TCSANOW, &before)
    write("\u{1B}[\(rows);1H\n")
  }

  mutating func show(asked request: PaymentRequest) {
    self.request = request
    began = monotonicNow()
    track = []
    (prompt, verdict) = ("", "")
  }

  mutating func show(_ mistake: Mistake) { say("\u{1B}[33m\(mistake)\u{1B}[0m") }

  mutating func show(_ came: Came) {
    switch came.event {
    case .linkUp(let info, let standing):
      self.standing = "session up, start \(info.epoch) of the controller, \(standing.words)"
      say(self.standing)
    case .response(let response):
      if !response.isAccepted {
        let why = "\(response.request) refused: \(Terms.reason(response.reason))"
        if response.request == .payment { verdict = why }
        say(why)
      }
      if let payload = came.payload { say("\(response.reference.text) as a code: \(payload)") }
    case .event(let event): show(event, at: came.at)
    case .record(let index): say(words(record: came.record, index, "stored"))
    case .recordCopy(let index): say(words(record: came.record, index, "shown again"))
    case .recall(let index): say("record \(index) is given back to the controller")
    case .forked: say("ALARM: the controller has another log")
    case .status(let status): say("\(status.reference.text): \(status.state)")
    case .totals: say(table(came.message, Terms.totals))
    case .diagnosis: say(table(came.message, Terms.diagnosis))
    case .error(let error): say("not understood: message \(error.type)")
    }
  }

  private mutating func show(_ event: Event, at time: Instant) {
    let step = Terms.step(event.kind)
    let reason = event.reason == .none ? "" : ", " + Terms.reason(event.reason)
    let after = began.map { "+\((time - $0).nanoseconds / 1_000_000) ms  " } ?? ""
    let methods = event.methods.map { "  [\(Terms.methods($0).joined(separator: " "))]" } ?? ""
    say("\(after)\(step)\(reason)\(methods)")
    guard event.reference == nil || event.reference == request?.reference else { return }
    track.append(step)
    if let prompt = event.prompt { self.prompt = Terms.prompt(prompt) }
    if let outcome = event.outcome {
      let colour = outcome.isGood ? 32 : 31
      let sum = event.amount.map { " " + money($0) } ?? ""
      verdict = "\u{1B}[1;\(colour)m\(Terms.outcome(outcome).uppercased())\(sum)\u{1B}[0m"
    }
  }

  private func money(_ units: UInt64) -> String {
    guard let request else { return String(units) }
    return Money.text(units, request.exponent) + " " + Money.name(request.currency)
  }

  private func words(record: [UInt8], _ index: UInt64, _ done: String) -> String {
    let item = Item(record)
    var parts = ["record \(index) \(done)"]
    if case .text(let reference)? = item?[4] { parts.append(reference) }
    if case .text(let card)? = item?[11] { parts.append(card) }
    if case .number(let outcome)? = item?[10], let known = Outcome(rawValue: UInt8(outcome)) {
      parts.append(Terms.outcome(known))
    }
    return "\u{1B}[2m" + parts.joined(separator: ", ") + "\u{1B}[0m"
  }

  private func table(_ message: [UInt8], _ names: [UInt64: String]) -> String {
    guard case .map(let entries)? = Item(message) else { return "" }
    return entries.dropFirst()
      .map { "  \(names[$0.0] ?? String($0.0)): \($0.1.json())" }
      .joined(separator: "\n")
  }

  private mutating func say(_ text: String) {
    said += text.split(separator: "\n").map { String($0) }
    said.removeFirst(max(0, said.count - (rows - Self.panel - 1)))
  }

  /// Draws everything; `typed` is what stands behind the prompt.
  func draw(_ station: RegisterStation, typed: String) {
    let counts = station.counts
    let what = request.map {
      "\($0.reference.text)  \(Terms.kind($0.kind))  \(money($0.amount))"
    }
    let alarm = counts.sessions.forged > 0 ? "  \u{1B}[1;31mFORGED FRAMES\u{1B}[0m" : ""
    let lines = [
      "\u{1B}[7m Tillgate register \u{1B}[0m \(line)  \(station.isOpen ? standing : "no session")",
      "records \(station.recordsHeld)  frames \(counts.frames.good)  noise \(counts.frames.noise)"
        + "  repeats \(counts.repeats)\(alarm)",
      what ?? "no transaction yet",
      "customer: \u{1B}[1m\(prompt)\u{1B}[0m",
      track.suffix(6).joined(separator: " > "),
      verdict,
      String(repeating: "-", count: columns),
    ]
    var text = ""
    for row in 1..<rows {
      let place = row - Self.panel - 1
      let content =
        row <= Self.panel ? lines[row - 1] : said.indices.contains(place) ? said[place] : ""
      text += "\u{1B}[\(row);1H\u{1B}[2K" + cut(content)
    }
    write(text + "\u{1B}[\(rows);1H\u{1B}[2K> " + typed.suffix(columns - 3))
  }

  /// A row that has colours ends in a reset and is short; any other is cut to the screen.
  private func cut(_ row: String) -> String {
    row.contains("\u{1B}") ? row : String(row.prefix(columns))
  }

  private func write(_ text: String) {
    FileHandle.standardOutput.write(Data(text.utf8))
  }
}
