// The reader's search for a card: one after the other of the two types, so that two cards are
// noticed whatever their types; and the watch for a card to leave.

import Octets

extension TapReader {
  /// ISO/IEC 14443 types in the chip's numbering of baud rates and modulations.
  enum RadioType: UInt8 {
    case a = 0x00
    case b = 0x03
  }

  /// What is looked for. Type B comes first because it is rare: a card of type A, found behind it,
  /// is activated already and need not be listed again.
  enum List {
    /// Any card of type B.
    case typeB
    /// Any card of type A; there is none of type B.
    case typeA
    /// Whether there is one of type A besides the one of type B.
    case typeAToo
    /// The card of type B, which is the only one.
    case typeBAlone
    /// Whether the card that was there still is.
    case removal
  }

  mutating func look(now: Instant) {
    counts.polls &+= 1
    list(.typeB, now: now)
  }

  private func type(of list: List) -> RadioType {
    switch list {
    case .typeB, .typeBAlone: .b
    case .typeA, .typeAToo: .a
    case .removal: cardType
    }
  }

  /// InListPassiveTarget of at most two cards, so that two are noticed (UM0701-02 section 7.3.5).
  mutating func list(_ list: List, now: Instant) {
    switch type(of: list) {
    case .a:
      let content: [3 of UInt8] = [0x4A, 0x02, RadioType.a.rawValue]
      chip.request(content.span, patience: Limits.list, now: now)
    case .b:
      // AFI 00: cards of every kind.
      let content: [4 of UInt8] = [0x4A, 0x02, RadioType.b.rawValue, 0x00]
      chip.request(content.span, patience: Limits.list, now: now)
    }
    state = .listing(list)
  }

  mutating func takeList(_ list: List, now: Instant) -> TapEvent? {
    let count = chip.withAnswer { $0.count > 1 ? Int($0[1]) : 0 }
    if case .removal = list { return takeRemoval(isThere: count > 0, now: now) }
    guard request != nil else {
      switchOff(then: .rest, now: now)
      return nil
    }
    if count > 1 { return takeCollision(now: now) }
    switch (list, count > 0) {
    case (.typeB, let isThere): self.list(isThere ? .typeAToo : .typeA, now: now)
    case (.typeAToo, true): return takeCollision(now: now)
    // The list of type A has let go of it.
    case (.typeAToo, false): switchOff(then: .activateB, now: now)
    case (.typeA, true): return takeCard(.a, now: now)
    case (.typeBAlone, true): return takeCard(.b, now: now)
    case (.typeA, false), (.typeBAlone, false):
      isCollisionTold = false
      state = .pausing(until: now + Limits.look, .look)
    case (.removal, _): break
    }
    return nil
  }

  private mutating func takeCollision(now: Instant) -> TapEvent? {
    switchOff(then: .look, now: now)
    guard !isCollisionTold else { return nil }
    isCollisionTold = true
    return .failed(.severalCards)
  }

  private mutating func takeCard(_ type: RadioType, now: Instant) -> TapEvent? {
    cardType = type
    // Type A: SEL_RES bit 6 (ISO/IEC 14443-3 table 9); type B cards that answer speak it all.
    let speaksISODEP = type == .b || chip.withAnswer { $0.count > 5 && $0[5] & 0x20 != 0 }
    return speaksISODEP ? begin(now: now) : refuse(.noApplication, now: now)
  }

  private mutating func takeRemoval(isThere: Bool, now: Instant) -> TapEvent? {
    if isThere {
      switchOff(then: .lookForRemoval, now: now)
      return nil
    }
    isCardPresent = false
    switchOff(then: request == nil ? .rest : .look, now: now)
    return .cardRemoved
  }
}
