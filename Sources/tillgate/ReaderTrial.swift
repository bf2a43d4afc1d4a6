// The doctor's question to the contactless reader: the firmware's own driver finds the chip, sets
// it up and raises its rate, without a loop.

import Contactless
import Doctor
import LinuxBoard
import Octets
import Profile

enum ReaderTrial {
  /// Every rate is tried within this time (100 ms each, twice, and setting up).
  private static let patience = Interval.milliseconds(3_000)
  private static let pause = Interval.milliseconds(1)

  static func ask(_ board: BoardProfile.Contactless) -> ReaderFacts.Answer {
    var slot = PortSlot()
    return withUnsafeMutablePointer(to: &slot) { ask(board, $0) }
  }

  private static func ask(
    _ board: BoardProfile.Contactless, _ slot: UnsafeMutablePointer<PortSlot>
  ) -> ReaderFacts.Answer {
    var keeper = PortKeeper(portSettings(board.port, PN532.firstRate), slot: slot)
    var port = SerialPort(slot: slot)
    var chip = PN532(fastest: board.fastest)
    var rate = PN532.firstRate
    let began = MonotonicClock.now()
    while true {
      let now = MonotonicClock.now()
      guard now - began < patience else { return .silent }
      keeper.tend(at: now)
      if port.tend() == .cameUp { chip.restart() }
      if port.isUp, let end = step(&chip, &port, &rate, now: now) {
        guard end else { return .silent }
        return .found(
          milliseconds: (now - began).nanoseconds / 1_000_000, baud: rate, wanted: board.fastest)
      }
      MonotonicClock.sleep(until: now + pause)
    }
  }

  /// Bytes to and fro; whether the chip was found, once that is known.
  private static func step(
    _ chip: inout PN532, _ port: inout SerialPort, _ rate: inout Int, now: Instant
  ) -> Bool? {
    var bytes = InlineArray<512, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    let count = port.read(into: &span)
    var end: Bool?
    func take(_ event: PN532.Event) {
      switch event {
      case .setRate(let next):
        rate = next
        port.setRate(next)
      case .cameUp: end = true
      case .wentAway: end = false
      case .answered: break
      }
    }
    var offset = 0
    let received = bytes.span.extracting(0..<count)
    while let event = chip.receive(received, from: &offset, now: now) { take(event) }
    while let event = chip.tick(now: now) { take(event) }
    let sent = chip.withOutput { port.write($0) }
    chip.sent(sent, now: now)
    return end
  }
}
