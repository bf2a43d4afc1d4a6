// The reader's talk with one card: the dialogue's commands and answers through the chip, and what
// comes of them.

import Octets

extension TapReader {
  mutating func begin(now: Instant) -> TapEvent? {
    guard let request, let number = unpredictable else {
      switchOff(then: .rest, now: now)
      return nil
    }
    unpredictable = nil
    isCollisionTold = false
    isCardPresent = true
    counts.cards &+= 1
    switch session.begin(request, at: terminal, unpredictable: number) {
    case .failed(let failure): return refuse(failure, now: now)
    case .send, .read: exchange(now: now)
    }
    return .cardSeen
  }

  /// InDataExchange with the first card of the list (section 7.3.8).
  private mutating func exchange(now: Instant) {
    counts.exchanges &+= 1
    answer.removeAll()
    parts = 0
    var content = PN532Content()
    do throws(Overflow) {
      try content.append(bigEndian: UInt16(0x4001))
      try session.command.withBytes { (command) throws(Overflow) in try content.append(command) }
    } catch { preconditionFailure("an APDU and two bytes fit") }
    content.withBytes { chip.request($0, patience: Limits.exchange, isOnce: true, now: now) }
    content.wipe()
    state = .exchanging
  }

  mutating func takeExchange(now: Instant) -> TapEvent? {
    let status = chip.withAnswer { $0.count > 1 ? $0[1] : 0xFF }
    guard status & 0x3F == 0, keepPart() else { return refuse(.torn, now: now) }
    if status & 0x40 != 0 {
      // More of the same answer: an exchange without data fetches it.
      parts += 1
      guard parts < Limits.parts else { return refuse(.fault(.tooMuchData), now: now) }
      let content: [2 of UInt8] = [0x40, 0x01]
      chip.request(content.span, patience: Limits.exchange, isOnce: true, now: now)
      return nil
    }
    switch answer.withBytes({ session.answer($0) }) {
    case .send:
      exchange(now: now)
      return nil
    case .read:
      answer.wipe()
      switchOff(then: .lookForRemoval, now: now)
      return .read
    case .failed(let failure): return refuse(failure, now: now)
    }
  }

  private mutating func keepPart() -> Bool {
    do throws(Overflow) {
      try chip.withAnswer { (content) throws(Overflow) in
        try answer.append(content.extracting(2...))
      }
      return true
    } catch { return false }
  }

  /// The card is of no use; it has to leave before another is looked for.
  mutating func refuse(_ failure: TapFailure, now: Instant) -> TapEvent {
    forgetCard()
    isCardPresent = true
    switchOff(then: .lookForRemoval, now: now)
    return .failed(failure)
  }
}
