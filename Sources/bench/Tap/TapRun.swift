// The firmware's reader before a virtual chip with a card, in virtual time: what a dialogue comes
// to without waiting for it.

import Contactless
import Octets
import Simulator

struct TapRun: ~Copyable {
  var reader: TapReader
  var chip = VirtualPN532()
  private(set) var now = Instant(nanoseconds: 1_000_000_000)
  private var portRate = PN532.firstRate
  private let unpredictable: UInt32

  /// 12.50 EUR.
  static let sample = TapRequest(
    amount: 1_250, currency: 978, exponent: 2, date: 261_122, time: 120_000, sequence: 1)

  init(_ terminal: TapTerminal, unpredictable: UInt32) {
    reader = TapReader(terminal, fastest: 921_600)
    self.unpredictable = unpredictable
  }

  /// Taps `card`; the event that ended it, nil if none did within ten seconds.
  mutating func tap(_ card: VirtualCard, _ request: TapRequest) -> TapEvent? {
    reader.arm(request)
    for step in 0..<20_000 {
      if step == 500 { chip.cards = [card] }
      if let end = tick() { return end }
    }
    return nil
  }

  private mutating func tick() -> TapEvent? {
    now = now + .microseconds(500)
    var bytes: [UInt8] = []
    while let byte = chip.transmit(at: now) { bytes.append(byte) }
    var end: TapEvent?
    var offset = 0
    while let event = reader.receive(bytes.span, from: &offset, now: now) { take(event, &end) }
    while let event = reader.tick(now: now) { take(event, &end) }
    if reader.needsRandom { reader.provide(random: unpredictable) }
    let output = reader.withOutput { span in span.indices.map { span[$0] } }
    for byte in output { chip.receive(byte, at: now, hostRate: portRate) }
    reader.sent(output.count, now: now)
    return end
  }

  private mutating func take(_ event: TapEvent, _ end: inout TapEvent?) {
    switch event {
    case .setRate(let rate): portRate = rate
    case .read, .failed: end = event
    case .cameUp, .wentAway, .cardSeen, .cardRemoved: break
    }
  }
}
