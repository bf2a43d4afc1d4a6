// The loop and its journal: what a disk that is slow, full or broken does to payments, and what the
// journal remembers for them.

import Controller
import Journal
import Link
import Octets
import Register
import Simulator
import Testing

@Suite("The loop and its journal")
struct LoopJournalTests {
  private func set(_ kiosk: Kiosk, _ change: (inout DiskFaults) -> Void) {
    var faults = DiskFaults()
    change(&faults)
    kiosk.world.surroundings.disk.set(faults)
  }

  private func durable(_ kiosk: Kiosk) -> UInt64 {
    kiosk.world.surroundings.log?.size ?? 0
  }

  @Test("every record is in the journal, and its acknowledgement too")
  func kept() throws {
    let kiosk = Kiosk()
    for number in 0..<3 {
      #expect(kiosk.arm("P\(number)"))
      kiosk.swipeAndWait()
    }
    #expect(durable(kiosk) == 3)
    let log = kiosk.world.surroundings.log
    #expect(log?.acknowledged == 3)
    #expect(log?.tree == kiosk.world.held?.tree, "register and controller have the same tree")
  }

  @Test("a disk that stalls for five seconds delays no release")
  func stall() throws {
    let kiosk = Kiosk()
    #expect(kiosk.arm("A"))
    set(kiosk) {
      $0.stalls = 0.999
      $0.longestStall = .seconds(5)
    }
    kiosk.swipe(after: .microseconds(300))
    #expect(kiosk.run(until: { kiosk.occurrence(.released) != nil }))
    let last = try #require(kiosk.lastEdge)
    let released = try #require(kiosk.occurrence(.released))
    #expect(released.at - last <= .milliseconds(11))
    kiosk.run(100)
    #expect(kiosk.records.count == 1)
    #expect(durable(kiosk) == 0 || kiosk.occurrence(.releasedLate) == nil)
    set(kiosk) { _ in }
    #expect(kiosk.run(until: { durable(kiosk) == 1 }))
  }

  @Test("a disk that refuses writes stops new cards, and loses nothing that was taken")
  func refusal() {
    let kiosk = Kiosk()
    #expect(kiosk.arm("A"))
    set(kiosk) { $0.isReadOnly = true }
    kiosk.swipeAndWait()
    #expect(kiosk.records.count == 1, "the register has it all the same")
    #expect(durable(kiosk) == 0)
    #expect(kiosk.occurrence(.journalStoring)?.detail == 0)
    kiosk.world.register.pay(payment("B"))
    kiosk.run(1_000)
    #expect(kiosk.response("B")?.reason == .storeFull)
    set(kiosk) { _ in }
    #expect(kiosk.run(until: { durable(kiosk) == 1 }))
    kiosk.run(100)
    #expect(kiosk.occurrence(.journalStoring)?.detail == 1)
    #expect(kiosk.arm("C"))
  }

  @Test("a reference serves once for ever, and its record is found again")
  func references() throws {
    let kiosk = Kiosk()
    // More than the transaction machine and the link remember by themselves.
    for number in 0..<70 {
      #expect(kiosk.arm("P\(number)"))
      kiosk.swipeAndWait()
    }
    kiosk.world.register.pay(payment("P1"))
    kiosk.run(1_000)
    let refused = kiosk.events.contains {
      if case .response(let response) = $0 {
        response.reference == reference("P1") && response.reason == .notPossible
      } else {
        false
      }
    }
    #expect(refused)
    kiosk.world.register.queryStatus(reference("P1"))
    #expect(kiosk.run(until: { kiosk.events.contains(.recordCopy(index: 1)) }))
    kiosk.world.register.queryStatus(reference("never"))
    #expect(
      kiosk.run(until: {
        kiosk.events.contains(.status(TransactionStatus(reference("never"), .notFound)))
      }))
  }

  /// Why requests of this type and reference were refused; `none` where they were not.
  private func answers(_ kiosk: Kiosk, _ request: MessageType, _ name: String) -> [Reason] {
    kiosk.events.compactMap {
      guard case .response(let response) = $0, response.request == request,
        response.reference == reference(name)
      else { return nil }
      return response.reason
    }
  }

  private func restart(_ kiosk: Kiosk) {
    kiosk.world.stopController(.powerCut)
    #expect(kiosk.run(until: { kiosk.world.isControllerUp }))
  }

  @Test("a payment made before the last start is known, whatever else stands against it")
  func knownBeforeAll() {
    let kiosk = Kiosk()
    #expect(kiosk.arm("A"))
    kiosk.swipeAndWait()
    restart(kiosk)
    #expect(kiosk.arm("B"))
    kiosk.world.register.pay(payment("A"))
    kiosk.run(1_000)
    #expect(answers(kiosk, .payment, "A") == [.none, .notPossible])
    kiosk.world.register.pay(payment("C"))
    kiosk.run(1_000)
    #expect(answers(kiosk, .payment, "C") == [.pleaseWait])
  }

  @Test("a request given up while the journal is busy is answered by what that says")
  func givenUp() {
    let kiosk = Kiosk()
    #expect(kiosk.arm("A"))
    kiosk.swipeAndWait()
    restart(kiosk)
    for name in ["A", "new"] {
      #expect(kiosk.arm("\(name)'s neighbour"))
      set(kiosk) {
        $0.stalls = 0.999
        $0.longestStall = .seconds(5)
      }
      kiosk.swipeAndWait()
      set(kiosk) { _ in }
      kiosk.world.register.pay(payment(name))
      kiosk.run(100)
      let before = answers(kiosk, .payment, name).count
      kiosk.world.register.abort(reference(name))
      kiosk.run(100)
      #expect(answers(kiosk, .abort, name).isEmpty, "the journal is still busy")
      #expect(kiosk.run(until: { answers(kiosk, .payment, name).count > before }))
      kiosk.run(100)
    }
    #expect(answers(kiosk, .payment, "A") == [.none, .notPossible])
    #expect(answers(kiosk, .abort, "A") == [.notPossible])
    #expect(answers(kiosk, .payment, "new") == [.aborted])
    #expect(answers(kiosk, .abort, "new") == [.none])
  }
}
