// The loop on a virtual board: slots, gaps, refusals, and what never leaves the controller.

import Controller
import Link
import Magstripe
import Octets
import Register
import Simulator
import Testing
import Vault

/// The first tick at or after `due`.
private func slot(_ due: Instant) -> Instant {
  Instant(nanoseconds: (due.nanoseconds + 999_999) / 1_000_000 * 1_000_000)
}

@Suite("The loop")
struct LoopTests {
  @Test(
    "releases a record at the first tick 10 ms after the card's last edge, whatever its phase",
    arguments: Array(stride(from: 0, to: 1_000, by: 40)))
  func release(_ phase: Int) throws {
    let kiosk = Kiosk()
    #expect(kiosk.arm("A"))
    kiosk.swipe(after: .microseconds(Int64(phase)))
    #expect(kiosk.run(until: { kiosk.occurrence(.released) != nil }))
    let last = try #require(kiosk.lastEdge)
    let released = try #require(kiosk.occurrence(.released))
    #expect(released.at == slot(last + .milliseconds(10)))
    #expect(kiosk.world.surroundings.recordSentAt == released.at)
    #expect(Int64(released.amount) == (released.at - last).nanoseconds)
    kiosk.run(600)
    #expect(kiosk.records.count == 1)
    #expect(kiosk.told(.captured, "A"))
    #expect(kiosk.world.surroundings.lights == .ok)
  }

  @Test("blinks while a register can be paired, two minutes long, but not while a card is awaited")
  func pairingLights() {
    let kiosk = Kiosk()
    func lit(_ milliseconds: Int) -> Int {
      (0..<milliseconds).count { _ in
        kiosk.run(1)
        return kiosk.world.surroundings.lights == .ready
      }
    }
    #expect(lit(1_000) == 0)
    kiosk.world.surroundings.pairingOrder = .open
    #expect((995...1_005).contains(lit(2_000)))
    #expect(kiosk.arm("A", seconds: 2))
    #expect(lit(1_000) == 1_000)
    kiosk.run(10_000)
    #expect((995...1_005).contains(lit(2_000)))
    #expect(kiosk.run(until: { kiosk.occurrence(.pairingClosed) != nil }))
    #expect(lit(1_000) == 0)
    kiosk.world.surroundings.pairingOrder = .open
    kiosk.run(1)
    kiosk.world.surroundings.pairingOrder = .close
    kiosk.run(1)
    #expect(lit(1_000) == 0)
  }

  @Test(
    "tells of an unreadable card at the same slot",
    arguments: Array(stride(from: 0, to: 1_000, by: 125)))
  func unreadableSlot(_ phase: Int) throws {
    let kiosk = Kiosk()
    #expect(kiosk.arm("A"))
    kiosk.swipe(after: .microseconds(Int64(phase)), isScratched: true)
    // The light goes on in the very tick in which the event is queued.
    #expect(kiosk.run(until: { kiosk.world.surroundings.lights.bits & Lights.error.bits != 0 }))
    let last = try #require(kiosk.lastEdge)
    #expect(kiosk.now == slot(last + .milliseconds(10)))
    #expect(kiosk.world.surroundings.recordSentAt == nil)
    // The customer swipes again.
    kiosk.run(100)
    kiosk.swipeAndWait()
    #expect(kiosk.records.count == 1)
    #expect(kiosk.told(.cardNotReadable, "A") && kiosk.told(.captured, "A"))
  }

  @Test("makes no record without a payment")
  func noPayment() {
    let kiosk = Kiosk()
    kiosk.swipeAndWait()
    #expect(kiosk.records.isEmpty)
    #expect(kiosk.occurrence(.swipeIgnored) != nil)
    #expect(kiosk.occurrence(.swipeRead) == nil)
    // The card that was ignored is forgotten: the next payment does not get it.
    #expect(kiosk.arm("A", seconds: 2))
    kiosk.run(3_000)
    #expect(kiosk.told(.timedOut, "A"))
    #expect(kiosk.records.isEmpty)
  }

  @Test("never reads a swipe of which the capture lost edges", arguments: [1, 2, 3])
  func gap(_ seed: Int) {
    let kiosk = Kiosk(seed: UInt64(seed))
    #expect(kiosk.arm("A"))
    kiosk.swipe { $0.gap = true }
    kiosk.run(500)
    #expect(kiosk.occurrence(.captureGap) != nil)
    #expect(kiosk.occurrence(.swipeUnreadable) != nil)
    #expect(kiosk.records.isEmpty)
    #expect(kiosk.told(.cardNotReadable, "A"))
  }

  @Test("does not take a held-up capture for the end of a swipe", arguments: [9, 15, 30, 60])
  func heldCapture(_ milliseconds: Int64) {
    let kiosk = Kiosk()
    #expect(kiosk.arm("A"))
    kiosk.swipe()
    kiosk.run(60)
    kiosk.world.surroundings.holdCapture(for: .milliseconds(milliseconds))
    kiosk.run(500)
    #expect(kiosk.records.count == 1)
    #expect(kiosk.occurrence(.released) != nil)
    #expect(kiosk.occurrence(.swipeUnreadable) == nil)
  }

  @Test("reports a release that a stall made late", arguments: [5, 10, 25])
  func lateRelease(_ milliseconds: Int64) throws {
    let kiosk = Kiosk()
    #expect(kiosk.arm("A"))
    kiosk.swipe()
    #expect(kiosk.run(until: { kiosk.occurrence(.swipeRead) != nil }))
    kiosk.world.stall(for: .milliseconds(milliseconds))
    kiosk.run(200)
    let late = try #require(kiosk.occurrence(.releasedLate))
    #expect(kiosk.occurrence(.released) == nil)
    #expect(late.amount > 11_000_000)
    #expect(kiosk.records.count == 1)
  }

  @Test("counts the port's own delay as late")
  func lateHandover() {
    let kiosk = Kiosk()
    kiosk.world.surroundings.handover = .microseconds(1_900)
    #expect(kiosk.arm("A"))
    kiosk.swipeAndWait()
    #expect(kiosk.occurrence(.releasedLate) != nil)
    #expect(kiosk.records.count == 1)
  }

  @Test("refuses payments without keys")
  func noKeys() {
    var options = KioskOptions()
    options.keys = nil
    let kiosk = Kiosk(options)
    kiosk.world.register.pay(payment("A"))
    kiosk.run(200)
    #expect(kiosk.response("A")?.reason == .keysExhausted)
    #expect(kiosk.occurrence(.keysMissing) != nil)
    #expect(kiosk.world.surroundings.lights == .error)
  }

  @Test("refuses payments while the head is away, and takes them again")
  func headAway() {
    let kiosk = Kiosk()
    kiosk.world.surroundings.isHeadAway = true
    kiosk.world.register.pay(payment("A"))
    kiosk.run(200)
    #expect(kiosk.response("A")?.reason == .readerNotAnswering)
    kiosk.world.surroundings.isHeadAway = false
    #expect(kiosk.arm("B"))
  }

  @Test("refuses a second payment meanwhile, and another method")
  func otherRefusals() {
    let kiosk = Kiosk()
    #expect(kiosk.arm("A"))
    kiosk.world.register.pay(payment("B"))
    kiosk.run(200)
    #expect(kiosk.response("B")?.reason == .pleaseWait)
    kiosk.world.register.abort(reference("A"))
    kiosk.run(200)
    #expect(kiosk.told(.aborted, "A"))
    var contactless = payment("C")
    contactless.methods = .contactless
    kiosk.world.register.pay(contactless)
    kiosk.run(200)
    #expect(kiosk.response("C")?.reason == .methodNotSupported)
  }

  @Test("sends all again to a register that had not stored it")
  func unacknowledged() {
    let kiosk = Kiosk()
    kiosk.world.acknowledges = false
    for number in 0..<5 {
      #expect(kiosk.arm("P\(number)"))
      kiosk.swipeAndWait()
    }
    kiosk.world.acknowledges = true
    kiosk.world.restartRegister()
    #expect(kiosk.run(until: { kiosk.world.held?.size == 5 }))
    #expect(kiosk.records.count == 10)
    kiosk.run(1_000)
    #expect(kiosk.arm("again"))
  }
}

@Suite("The loop and its port")
struct PortTests {
  @Test(
    "survive a pulled cable at any moment of a swipe",
    arguments: Array(stride(from: 1, to: 260, by: 9)))
  func pulledCable(_ moment: Int) {
    let kiosk = Kiosk()
    #expect(kiosk.arm("A"))
    kiosk.swipe()
    kiosk.run(moment)
    kiosk.world.surroundings.plugPort(false)
    kiosk.run(700)
    kiosk.world.surroundings.plugPort(true)
    #expect(kiosk.run(until: { kiosk.records.count == 1 }), "the record never came")
    #expect(kiosk.occurrence(.registerPortLost) != nil)
    kiosk.run(2_000)
    #expect(kiosk.records.count == 1)
    #expect(kiosk.arm("B"))
  }

  @Test(
    "survive a register that restarts at any moment of a payment",
    arguments: Array(stride(from: 1, to: 400, by: 21)))
  func restartedRegister(_ moment: Int) {
    let kiosk = Kiosk()
    kiosk.world.register.pay(payment("A"))
    kiosk.run(60)
    kiosk.swipe()
    kiosk.run(moment)
    kiosk.world.restartRegister()
    #expect(kiosk.run(until: { kiosk.records.count == 1 }), "the record never came")
    kiosk.world.register.queryStatus(reference("A"))
    #expect(
      kiosk.run(until: {
        kiosk.events.contains { if case .status = $0 { true } else { false } }
      }))
    #expect(kiosk.records.count == 1)
    #expect(kiosk.arm("B"))
  }
}
