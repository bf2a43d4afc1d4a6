// The loop's lights and buzzer: what the customer sees and hears of a card.

import Link
import Octets

extension Loop where B: ~Copyable {
  /// How a card's reading ended.
  mutating func signal(_ light: Lights, _ kind: Tone.Kind, now: Instant) {
    glow = (light, now + LoopTiming.afterglow)
    tone.begin(kind, now: now)
  }

  mutating func showLights(now: Instant) {
    var wanted = Lights.none
    if transaction.reading != nil {
      wanted = .reading
    } else if transaction.isArmed {
      wanted = .ready
    } else if link.pairing.isOpen, now.milliseconds % 500 < 250 {
      wanted = .ready
    }
    if supply == .exhausted { wanted.light(.error) }
    if let glow {
      if now < glow.until { wanted.light(glow.lights) } else { self.glow = nil }
    }
    if tone.sounds(at: now) { wanted.light(.tone) }
    guard wanted != lights else { return }
    lights = wanted
    board.show(wanted)
  }
}
