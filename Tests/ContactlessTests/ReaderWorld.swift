// The reader and a virtual chip with cards, in virtual time: a millisecond after the other.

import Octets
import Simulator

@testable import Contactless

struct ReaderWorld: ~Copyable {
  var reader: TapReader
  var chip = VirtualPN532()
  var now = Instant(nanoseconds: 5_000_000_000)
  /// What the port is set to.
  var portRate = 115_200
  var events: [TapEvent] = []
  var cut = false
  private var random = SeededRandom(seed: 99)

  init(fastest: Int = 921_600, terminal: TapTerminal = SessionTests.terminal) {
    reader = TapReader(terminal, fastest: fastest)
  }

  mutating func run(milliseconds: Int) {
    for _ in 0..<milliseconds { tick() }
  }

  /// Runs until an event of this kind, or for at most ten seconds; whether it came.
  mutating func run(until isWanted: (TapEvent) -> Bool) -> Bool {
    let start = events.count
    for _ in 0..<10_000 {
      tick()
      if events[start...].contains(where: isWanted) { return true }
    }
    return false
  }

  mutating func tick() {
    now = now + .milliseconds(1)
    var bytes: [UInt8] = []
    while let byte = chip.transmit(at: now) {
      if !cut, chip.rate == portRate { bytes.append(byte) }
    }
    var offset = 0
    while let event = reader.receive(bytes.span, from: &offset, now: now) { take(event) }
    while let event = reader.tick(now: now) { take(event) }
    if reader.needsRandom { reader.provide(random: UInt32(truncatingIfNeeded: random.next())) }
    let output = reader.withOutput { span in span.indices.map { span[$0] } }
    if !cut { for byte in output { chip.receive(byte, at: now, hostRate: portRate) } }
    reader.sent(output.count, now: now)
  }

  private mutating func take(_ event: TapEvent) {
    if case .setRate(let rate) = event { portRate = rate } else { events.append(event) }
  }

  mutating func start() -> Bool { run { $0 == .cameUp } }

  mutating func arm() { reader.arm(SessionTests.request) }
}
