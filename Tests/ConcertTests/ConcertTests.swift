import Octets
import Testing

@testable import Concert

/// A till's request: till, amount, answer flag, means, kind, currency, note, delay, authorisation.
private func ask(
  amount: String = "00001250", report: String = "1", means: String = "1", kind: String = "0",
  currency: String = "978", delay: String = "A010", authorisation: String = "B010"
) -> String {
  "01" + amount + report + means + kind + currency + "TICKET 042" + delay + authorisation
}

/// STX, text, ETX and the exclusive or of all behind STX.
private func framed(_ text: String) -> [UInt8] {
  let body = Array(text.utf8) + [3]
  return [2] + body + [body.reduce(0, ^)]
}

private func at(_ milliseconds: Int64) -> Instant {
  Instant(nanoseconds: 1_000_000_000) + .milliseconds(milliseconds)
}

private func request(_ text: String) throws -> ConcertRequest {
  try ConcertRequest(Array(text.utf8).span)
}

/// The terminal with a till that feeds it bytes and takes what it says.
private struct Line: ~Copyable {
  var terminal = ConcertTerminal()
  var events: [ConcertTerminal.Event] = []

  mutating func send(_ bytes: [UInt8], at now: Instant = at(0), drip: Bool = false) -> [UInt8] {
    var said: [UInt8] = []
    for part in drip ? bytes.map({ [$0] }) : [bytes] {
      var offset = 0
      while offset < part.count {
        if let event = terminal.receive(part.span, from: &offset, now: now) { events.append(event) }
      }
      said += take()
    }
    return said
  }

  mutating func take() -> [UInt8] {
    let said = terminal.withOutput { span in span.indices.map { span[$0] } }
    terminal.sent(said.count)
    return said
  }

  mutating func tick(at now: Instant) -> [UInt8] {
    if let event = terminal.tick(now: now) { events.append(event) }
    return take()
  }

  /// The whole of a request, whose answer is then due.
  mutating func ask(_ text: String) { _ = send([5] + framed(text) + [4]) }

  mutating func answer(_ result: ConcertResult, _ report: String = "", at now: Instant = at(0)) {
    terminal.answer(result, report: Array(report.utf8).span, now: now)
  }
}

@Suite("The Concert adapter")
struct ConcertTests {
  @Test("carries a payment, whole and a byte at a time", arguments: [false, true])
  func payment(drip: Bool) throws {
    var line = Line()
    #expect(line.send([5], drip: drip) == [6])
    #expect(line.send(framed(ask()), drip: drip) == [6])
    #expect(line.send([4], drip: drip) == [])
    let request = try request(ask())
    #expect(line.events == [.requested(request)])
    #expect(request.amount == 1250 && request.currency == 978 && request.kind == .sale)
    #expect(request.wantsReport && request.waits)

    line.answer(.accepted, "411111******1111")
    #expect(line.take() == [5])
    let report = "411111******1111" + String(repeating: " ", count: 39)
    #expect(
      line.send([6], drip: drip) == framed("010000012501" + report + "978TICKET 042"))
    #expect(line.send([6], drip: drip) == [4])
    #expect(line.events.last == .answered)
    #expect(line.send([5]) == [6])
  }

  @Test(
    "answers with the till's own fields",
    arguments: [
      ("0", .refused, "0170000125019" + "78TICKET 042"),
      ("0", .unverified, "0190000125019" + "78TICKET 042"),
    ] as [(String, ConcertResult, String)])
  func shortAnswer(report: String, result: ConcertResult, expected: String) {
    var line = Line()
    line.ask(ask(report: report))
    line.answer(result, "411111******1111")
    #expect(line.take() == [5])
    let answer = line.send([6])
    #expect(answer == framed(expected))
    #expect(answer.count == 28)
  }

  @Test("asks for a damaged frame again, as often as it comes")
  func damaged() {
    var line = Line()
    _ = line.send([5])
    let good = framed(ask())
    for place in 1..<good.count {
      var bad = good
      bad[place] ^= 0x40
      // An ETX that is none swallows the checksum: the frame then ends too late or not at all.
      let said = line.send(bad)
      #expect(said == [0x15] || said == [], "byte \(place)")
      _ = line.tick(at: at(2_000))
      #expect(line.send([5]) == [6])
    }
    #expect(line.send(good) == [6])
    #expect(line.events == [])
  }

  @Test(
    "does not understand",
    arguments: [
      ask(amount: "0000125x"), ask(report: "2"), ask(currency: "EUR"), ask(delay: "A012"),
      ask(delay: "X010"), ask(delay: "A110"), ask(authorisation: "A010"), "", "01",
      String(ask().dropLast()), ask(amount: "0000\u{7F}250"),
    ])
  func malformed(text: String) {
    var line = Line()
    #expect(line.send([5]) == [6])
    #expect(line.send(framed(text)) == [0x15])
    #expect(line.send(framed(ask())) == [6])
  }

  @Test("refuses a frame that does not end where it should, and takes the next")
  func tooLong() {
    var line = Line()
    _ = line.send([5])
    #expect(line.send(framed(ask() + "0")) == [0x15])
    #expect(line.send(framed(ask())) == [6])
  }

  @Test(
    "tells the till what it does not do",
    arguments: [
      (ask(means: "C"), .means), (ask(kind: "2"), .kind), (ask(amount: "00000000"), .amount),
    ] as [(String, ConcertRequest.Objection)])
  func objections(text: String, objection: ConcertRequest.Objection) {
    var line = Line()
    #expect(line.send([5] + framed(text) + [4]).last == 5)
    #expect(line.events == [.refused(objection)])
    #expect(line.send([6]).starts(with: Array("\u{2}017".utf8)))
  }

  @Test("gives a till that does not wait an answer without a result")
  func instantAnswer() throws {
    var line = Line()
    #expect(line.send([5] + framed(ask(delay: "A011")) + [4]).last == 5)
    #expect(line.events == [.requested(try request(ask(delay: "A011")))])
    #expect(line.send([6]).starts(with: Array("\u{2}019".utf8)))
    #expect(line.send([6]) == [4])
    // The payment's own end is then nobody's.
    line.answer(.accepted)
    #expect(line.take() == [])
  }

  @Test("refuses a second request while a payment runs")
  func busy() {
    var line = Line()
    line.ask(ask())
    _ = line.take()
    #expect(line.send([5]) == [0x15])
    #expect(line.send(framed(ask())) == [])
    line.answer(.accepted)
    #expect(line.take() == [5])
  }

  @Test("does not take a request for given that was never confirmed")
  func unconfirmed() {
    var line = Line()
    _ = line.send([5] + framed(ask()))
    _ = line.tick(at: at(1_999))
    _ = line.tick(at: at(2_000))
    #expect(line.send([4], at: at(2_001)) == [])
    #expect(line.events == [])
    #expect(line.send([5], at: at(2_002)) == [6])
    // A till that thinks better of it before its frame.
    #expect(line.send([4], at: at(2_003)) == [])
    #expect(line.send(framed(ask()), at: at(2_004)) == [])
  }

  @Test("offers its answer three times, two seconds apart, and then gives up")
  func unanswered() {
    var line = Line()
    line.ask(ask())
    _ = line.take()
    line.answer(.accepted, at: at(0))
    #expect(line.take() == [5])
    #expect(line.tick(at: at(1_999)) == [])
    #expect(line.tick(at: at(2_000)) == [5])
    #expect(line.tick(at: at(4_000)) == [5])
    #expect(line.tick(at: at(6_000)) == [4])
    #expect(line.events.last == .unanswered)
    #expect(line.send([5], at: at(6_001)) == [6])
  }

  @Test("sends its answer again when the till asks for that, three times in all")
  func repeated() {
    var line = Line()
    line.ask(ask())
    _ = line.take()
    line.answer(.accepted)
    _ = line.take()
    let answer = line.send([6])
    #expect(line.send([0x15]) == answer)
    #expect(line.send([0x15]) == answer)
    #expect(line.send([0x15]) == [4])
    #expect(line.events.last == .unanswered)
  }

  @Test("speaks to a port of seven bits and even parity")
  func evenParity() {
    let even = { (bytes: [UInt8]) in
      bytes.map { $0.nonzeroBitCount % 2 == 0 ? $0 : $0 | 0x80 }
    }
    var line = Line(terminal: ConcertTerminal(parity: .even))
    #expect(line.send(even([5])) == even([6]))
    var damaged = even(framed(ask()))
    damaged[10] ^= 1
    #expect(line.send(damaged) == even([0x15]))
    #expect(line.send(even(framed(ask()) + [4])) == even([6]))
    #expect(line.events.count == 1)
    line.answer(.accepted, "411111******1111")
    #expect(line.take() == even([5]))
    let report = "411111******1111" + String(repeating: " ", count: 39)
    #expect(line.send(even([6])) == even(framed("010000012501" + report + "978TICKET 042")))
  }

  @Test("forgets a half conversation when its port went away")
  func restart() {
    var line = Line()
    line.ask(ask())
    line.terminal.restart()
    line.answer(.accepted)
    #expect(line.take() == [])
    #expect(line.send([5]) == [6])
  }
}
