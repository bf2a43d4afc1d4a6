// An older till pays over its own port: its request in the loop, the register's part in it, and
// what the till is told at the end.

import Concert
import Controller
import Link
import Octets
import Register
import Simulator
import Testing
import Vault

/// STX, text, ETX and the exclusive or of all behind STX.
private func framed(_ text: String) -> [UInt8] {
  let body = Array(text.utf8) + [3]
  return [2] + body + [body.reduce(0, ^)]
}

private func ask(_ kind: String = "0", currency: String = "978") -> [UInt8] {
  framed("010000125011" + kind + currency + "TICKET 042A010B010")
}

extension Kiosk {
  fileprivate static func withTill(_ acceptance: ConcertSettings.Acceptance) -> Kiosk {
    var options = KioskOptions()
    options.attachments.hasScanner = true
    options.attachments.concert = ConcertSettings(
      acceptance: acceptance, cardSeconds: 10, outcomeSeconds: 5)
    return Kiosk(options)
  }

  fileprivate func tillSends(_ bytes: [UInt8]) {
    world.surroundings.tillSends(bytes.span)
    run(3)
  }

  /// The whole of a request; the transaction's name is the epoch's and the till's count.
  fileprivate func tillAsks(_ request: [UInt8] = ask()) {
    tillSends([5])
    tillSends(request)
    tillSends([4])
  }

  /// The till takes its answer: its result, and what stands in its report.
  fileprivate func tillHears() -> (result: UInt8, report: String)? {
    guard run(until: { world.surroundings.toTill.array.last == 5 }) else { return nil }
    world.surroundings.clearToTill()
    tillSends([6])
    let answer = world.surroundings.toTill.array
    tillSends([6])
    guard answer.count == 83 else { return nil }
    let report = String(decoding: answer[13..<68], as: UTF8.self)
    return (answer[3] - 0x30, report.split(separator: " ").joined(separator: " "))
  }
}

@Suite("A till that speaks Concert")
struct ConcertPortTests {
  @Test("pays with a card, and hears what the register reports", arguments: [true, false])
  func reported(isApproved: Bool) throws {
    let kiosk = Kiosk.withTill(.approved)
    kiosk.tillAsks()
    #expect(kiosk.run(until: { kiosk.told(.waitingForCard, "CONCERT-1-1") }))
    kiosk.swipe()
    #expect(kiosk.run(until: { kiosk.told(.authorising, "CONCERT-1-1") }))
    let record = try kiosk.world.openRecord()
    #expect(record.reference.text == "CONCERT-1-1" && record.amount.minorUnits == 1250)
    kiosk.run(500)
    #expect(kiosk.world.surroundings.toTill.array.last != 5)
    let outcome = isApproved ? Outcome.approved : .declined
    kiosk.world.register.report(OutcomeReport(outcome, reference("CONCERT-1-1")))
    let heard = try #require(kiosk.tillHears())
    #expect(heard.result == (isApproved ? 0 : 7))
    #expect(heard.report == "411111******1111")
    kiosk.tillAsks()
    #expect(kiosk.run(until: { kiosk.told(.waitingForCard, "CONCERT-1-2") }))
  }

  @Test("hears of a capture as accepted only where that is configured")
  func captured() throws {
    let kiosk = Kiosk.withTill(.captured)
    kiosk.tillAsks()
    kiosk.swipe()
    #expect(try #require(kiosk.tillHears()).result == 0)
    #expect(kiosk.run(until: { kiosk.told(.captured, "CONCERT-1-1") }))

    let strict = Kiosk.withTill(.approved)
    strict.tillAsks()
    strict.swipe()
    // Nobody reports: after five seconds the till hears that nobody knows.
    #expect(strict.run(until: { strict.told(.authorising, "CONCERT-1-1") }))
    #expect(try #require(strict.tillHears()).result == 9)
  }

  @Test("does not hear of a part of the amount as if it were the whole")
  func partly() throws {
    let kiosk = Kiosk.withTill(.approved)
    kiosk.tillAsks()
    kiosk.swipe()
    #expect(kiosk.run(until: { kiosk.told(.authorising, "CONCERT-1-1") }))
    var report = OutcomeReport(.partlyApproved, reference("CONCERT-1-1"))
    report.amount = 1000
    kiosk.world.register.report(report)
    #expect(try #require(kiosk.tillHears()).result == 9)
  }

  @Test("is refused when no card comes, or the register abandons it")
  func ended() throws {
    let kiosk = Kiosk.withTill(.approved)
    kiosk.tillAsks()
    #expect(try #require(kiosk.tillHears()).result == 7)
    #expect(kiosk.run(until: { kiosk.told(.timedOut, "CONCERT-1-1") }))
    kiosk.tillAsks()
    kiosk.world.register.abort(reference("CONCERT-1-2"))
    #expect(try #require(kiosk.tillHears()).result == 7)
  }

  @Test("waits its turn behind the register")
  func busy() throws {
    let kiosk = Kiosk.withTill(.approved)
    kiosk.world.register.pay(payment("A"))
    #expect(kiosk.run(until: { kiosk.told(.waitingForCard, "A") }))
    kiosk.tillAsks()
    #expect(try #require(kiosk.tillHears()).result == 7)
    let refusal = UInt16(Reason.pleaseWait.rawValue)
    #expect(kiosk.occurrence(.tillRefused)?.detail == refusal)
    // The register's answers are the register's.
    #expect(kiosk.response("CONCERT-1-1") == nil)
  }

  @Test("that is unplugged leaves its payment to the register")
  func unplugged() throws {
    let kiosk = Kiosk.withTill(.approved)
    kiosk.tillAsks()
    kiosk.world.surroundings.replug(.concert)
    kiosk.swipe()
    #expect(kiosk.run(until: { kiosk.told(.authorising, "CONCERT-1-1") }))
    kiosk.world.register.report(OutcomeReport(.approved, reference("CONCERT-1-1")))
    #expect(kiosk.run(until: { kiosk.told(.ended, "CONCERT-1-1") }))
    #expect(kiosk.world.surroundings.toTill.array.last != 5)
  }
}
