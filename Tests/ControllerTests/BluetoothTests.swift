// A register at the far end of a Bluetooth serial line: bytes come in packets, late and together,
// wait for a radio that has faded, and are lost with the connection when it breaks.

import Controller
import Link
import Octets
import Register
import Simulator
import Testing

extension Kiosk {
  fileprivate static func overRadio(seed: UInt64, fading: Double) -> Kiosk {
    let kiosk = Kiosk(seed: seed)
    kiosk.world.surroundings.faults.packets = .milliseconds(120)
    kiosk.world.surroundings.faults.fadedPackets = fading
    return kiosk
  }

  /// The connection breaks: what is under way is lost, and the port is away for a while.
  fileprivate func breakConnection(_ milliseconds: Int) {
    world.surroundings.plugPort(false)
    run(milliseconds)
    world.surroundings.plugPort(true)
  }

  fileprivate func ends(of name: String) -> Int {
    events.count {
      guard case .event(let event) = $0 else { return false }
      return event.isFinal && event.reference == reference(name)
    }
  }

  fileprivate var recordIndexes: [UInt64] {
    events.compactMap { if case .record(let index) = $0 { index } else { nil } }
  }

  /// A sale with an outcome, swiped until it is read; `disturb` is called once while it waits.
  fileprivate func sell(_ name: String, disturb: () -> Void = {}) {
    var request = payment(name)
    request.outcomeSeconds = 120
    world.register.pay(request)
    #expect(run(until: { self.response(name) != nil }), "\(name) unanswered")
    #expect(response(name)?.isAccepted == true, "\(name) refused")
    disturb()
    let before = recordIndexes.count
    swipeAndWait()
    #expect(run(until: { self.recordIndexes.count > before }), "\(name): no record")
    world.register.report(OutcomeReport(.approved, reference(name)))
    #expect(run(until: { self.recordIndexes.count > before + 1 }), "\(name): no closing record")
  }
}

@Suite("A Bluetooth serial line")
struct BluetoothTests {
  @Test("that delays and bunches bytes loses, repeats and slows down nothing", arguments: 0..<4)
  func packets(seed: Int) {
    let kiosk = Kiosk.overRadio(seed: UInt64(seed), fading: 0)
    // The first round trips are measured; from then on nothing is sent twice.
    for number in 0..<3 { kiosk.sell("A\(number)") }
    let repeats = kiosk.world.linkCounts.repeats
    for number in 3..<10 { kiosk.sell("A\(number)") }
    #expect(kiosk.recordIndexes == Array(0..<20))
    #expect(kiosk.world.linkCounts.repeats - repeats <= 1)
    #expect(kiosk.world.linkCounts.frames.noise == 0)
    for number in 0..<10 { #expect(kiosk.ends(of: "A\(number)") == 1) }
  }

  @Test("whose radio fades for seconds takes every sale once", arguments: 0..<6)
  func fading(seed: Int) {
    let kiosk = Kiosk.overRadio(seed: UInt64(seed), fading: 0.1)
    for number in 0..<6 { kiosk.sell("A\(number)") }
    #expect(kiosk.recordIndexes == Array(0..<12))
    #expect(kiosk.world.linkCounts.sessions.forged == 0)
  }

  @Test("that breaks in the midst of a sale goes on where it was", arguments: 0..<6)
  func breaks(seed: Int) {
    let kiosk = Kiosk.overRadio(seed: UInt64(seed), fading: 0.02)
    for number in 0..<4 {
      kiosk.sell("A\(number)") { kiosk.breakConnection(700 + 900 * seed) }
    }
    #expect(kiosk.recordIndexes == Array(0..<8))
    // Nothing of it looks like an attack.
    #expect(kiosk.world.linkCounts.sessions.forged == 0)
  }
}
