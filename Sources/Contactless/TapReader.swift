// The contactless reader: waits for a card while a payment wants one, talks to it, tells what came
// of it, and waits until it is gone. It puts the chip and the dialogue together and knows no port.

import Octets

/// What the loop is to do or to know.
public enum TapEvent: Equatable, Sendable {
  /// The port is to go on at this rate, in bits per second.
  case setRate(Int)
  /// The chip answers and takes cards.
  case cameUp
  /// The chip does not answer.
  case wentAway
  /// A card is in the field and being read.
  case cardSeen
  /// A card gave its cryptogram: `session` holds what it said until the next card.
  case read
  case failed(TapFailure)
  /// The card that was read, or refused, is gone.
  case cardRemoved
}

/// Counted for the log and the benches.
public struct TapCounts: Equatable, Sendable {
  public var polls: UInt64 = 0
  public var exchanges: UInt64 = 0
  public var cards: UInt64 = 0
  public var lostChip: UInt64 = 0

  public init() {}
}

public struct TapReader: ~Copyable {
  private enum State {
    /// No payment wants a card; the field is off.
    case off
    /// The field is being switched off, which ends the communication with a card.
    case switchingOff(Then)
    /// Between two looks.
    case pausing(until: Instant, Then)
    /// A list of cards of type A or B is under way.
    case listing(RadioType, isRemoval: Bool)
    /// An APDU is under way; what the chip gave of its answer so far is in `answer`.
    case exchanging
  }

  /// What comes after the field was off, or after a pause.
  private enum Then {
    case rest
    case look
    case lookForRemoval
  }

  /// ISO/IEC 14443 types in the chip's numbering of baud rates and modulations.
  private enum RadioType: UInt8 {
    case a = 0x00
    case b = 0x03
  }

  enum Limits {
    /// Looks are this far apart, from the end of one to the beginning of the next.
    static let look = Interval.milliseconds(15)
    /// The field is off for this long before a card is looked for again: it then starts anew.
    static let fieldOff = Interval.milliseconds(10)
    /// The longest time for a list: two activations with RATS.
    static let list = Interval.milliseconds(700)
    /// The longest time for an APDU, waiting-time extensions included.
    static let exchange = Interval.milliseconds(3_000)
    /// Parts of one answer: a card's answer has at most 258 bytes.
    static let parts = 4
  }

  private var state = State.off
  private var chip: PN532
  public private(set) var session = CardSession()
  private let terminal: TapTerminal
  /// The payment that wants a card, and the random number for the next one.
  private var request: TapRequest?
  private var unpredictable: UInt32?
  private var answer = Bytes<600>()
  private var parts = 0
  private var isCollisionTold = false
  /// A card was there and is yet to leave, …
  private var isCardPresent = false
  /// … found by this type.
  private var cardType = RadioType.a
  public private(set) var counts = TapCounts()
  /// When the last byte came from the chip.
  public private(set) var lastByte = Instant(nanoseconds: 0)

  /// `fastest`: the highest rate of port and wiring in bits per second, one of the chip's.
  public init(_ terminal: TapTerminal, fastest: Int) {
    self.terminal = terminal
    chip = PN532(fastest: fastest)
  }

  public static func takes(rate: Int) -> Bool {
    let rates = PN532.rates
    for index in rates.indices where rates[index] == rate { return true }
    return false
  }

  public var isUp: Bool { chip.isUp }

  /// A card is looked for or being read: bytes of the chip are worth waking up for.
  public var isBusy: Bool {
    switch state {
    case .exchanging, .listing(_, isRemoval: false): true
    case .off, .switchingOff, .pausing, .listing(_, isRemoval: true): false
    }
  }

  /// Whether `provide` is to be called before a card can be taken.
  public var needsRandom: Bool { request != nil && unpredictable == nil }

  /// A random number that has not been used before, for one card (9F37).
  public mutating func provide(random: UInt32) { unpredictable = random }

  /// From now on a card is wanted, for `request`.
  public mutating func arm(_ request: TapRequest) { self.request = request }

  /// No card is wanted any more. One that is being read is left.
  public mutating func disarm() { request = nil }

  /// Wipes what the last card said.
  public mutating func forgetCard() {
    session.wipe()
    answer.wipe()
  }

  public mutating func wipe() {
    forgetCard()
    chip.wipe()
    unpredictable = nil
  }

  /// The port is fresh.
  public mutating func portCameUp() { chip.restart() }

  /// The port is gone; what was under way is void.
  public mutating func portWentDown() -> TapEvent? {
    chip.restart()
    return leave()
  }

  // MARK: Bytes and time

  public borrowing func withOutput<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try chip.withOutput(body)
  }

  /// The port has taken the first `count` bytes of the output.
  public mutating func sent(_ count: Int, now: Instant) { chip.sent(count, now: now) }

  /// Takes bytes from `offset` on, up to the first that leads to an event.
  public mutating func receive(
    _ bytes: Span<UInt8>, from offset: inout Int, now: Instant
  ) -> TapEvent? {
    while offset < bytes.count {
      lastByte = now
      if let event = chip.receive(bytes, from: &offset, now: now) {
        if let event = take(event, now: now) { return event }
      }
    }
    return nil
  }

  /// What time brings. To be called until it returns nil, after all bytes were taken.
  public mutating func tick(now: Instant) -> TapEvent? {
    if let event = chip.tick(now: now) {
      if let event = take(event, now: now) { return event }
    }
    guard chip.isReady else { return nil }
    switch state {
    case .off:
      if request != nil, unpredictable != nil { look(.a, now: now) }
    case .pausing(let until, let then):
      if now >= until || request == nil && !isCardPresent { go(on: then, now: now) }
    case .listing, .exchanging, .switchingOff: break
    }
    return nil
  }

  private mutating func take(_ event: PN532.Event, now: Instant) -> TapEvent? {
    switch event {
    case .setRate(let rate): return .setRate(rate)
    case .cameUp:
      state = .off
      return .cameUp
    case .wentAway:
      counts.lostChip &+= 1
      // A tap that was under way is told first; that the chip is away shows in `isUp`.
      return leave() ?? .wentAway
    case .answered:
      switch state {
      case .listing(let type, let isRemoval):
        return isRemoval ? takeRemovalList(now: now) : takeList(type, now: now)
      case .exchanging: return takeExchange(now: now)
      case .switchingOff(let then):
        state = .pausing(until: now + Limits.fieldOff, then)
      case .off, .pausing: break
      }
      return nil
    }
  }

  /// The chip is lost.
  private mutating func leave() -> TapEvent? {
    defer { state = .off }
    isCardPresent = false
    guard case .exchanging = state else { return nil }
    return .failed(.torn)
  }

  private mutating func go(on then: Then, now: Instant) {
    switch then {
    case .rest: state = .off
    case .look:
      if request != nil, unpredictable != nil { look(.a, now: now) } else { state = .off }
    case .lookForRemoval: list(cardType, isRemoval: true, now: now)
    }
  }

  private mutating func switchOff(then: Then, now: Instant) {
    let content: [3 of UInt8] = [0x32, 0x01, 0x00]
    chip.request(content.span, patience: PN532.patience, now: now)
    state = .switchingOff(then)
  }

  // MARK: Looking for a card

  private mutating func look(_ type: RadioType, now: Instant) {
    counts.polls &+= 1
    list(type, isRemoval: false, now: now)
  }

  /// InListPassiveTarget of at most two cards, so that two are noticed (UM0701-02 section 7.3.5).
  private mutating func list(_ type: RadioType, isRemoval: Bool, now: Instant) {
    switch type {
    case .a:
      let content: [3 of UInt8] = [0x4A, 0x02, 0x00]
      chip.request(content.span, patience: Limits.list, now: now)
    case .b:
      // AFI 00: cards of every kind.
      let content: [4 of UInt8] = [0x4A, 0x02, 0x03, 0x00]
      chip.request(content.span, patience: Limits.list, now: now)
    }
    state = .listing(type, isRemoval: isRemoval)
  }

  private mutating func takeList(_ type: RadioType, now: Instant) -> TapEvent? {
    let (count, isPayment) = chip.withAnswer { (foundCount($0), speaksISODEP($0, type)) }
    guard request != nil else {
      switchOff(then: .rest, now: now)
      return nil
    }
    switch count {
    case 0:
      isCollisionTold = false
      if type == .a {
        look(.b, now: now)
      } else {
        state = .pausing(until: now + Limits.look, .look)
      }
      return nil
    case 1:
      cardType = type
      return isPayment ? begin(now: now) : refuse(.noApplication, now: now)
    default:
      switchOff(then: .look, now: now)
      guard !isCollisionTold else { return nil }
      isCollisionTold = true
      return .failed(.severalCards)
    }
  }

  private func foundCount(_ answer: Span<UInt8>) -> Int { answer.count > 1 ? Int(answer[1]) : 0 }

  /// Type A: SEL_RES bit 6 (ISO/IEC 14443-3 table 9); type B cards that answer speak it all.
  private func speaksISODEP(_ answer: Span<UInt8>, _ type: RadioType) -> Bool {
    type == .b || answer.count > 5 && answer[5] & 0x20 != 0
  }

  private mutating func begin(now: Instant) -> TapEvent? {
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

  // MARK: Talking to it

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

  private mutating func takeExchange(now: Instant) -> TapEvent? {
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
  private mutating func refuse(_ failure: TapFailure, now: Instant) -> TapEvent {
    forgetCard()
    isCardPresent = true
    switchOff(then: .lookForRemoval, now: now)
    return .failed(failure)
  }

  private mutating func takeRemovalList(now: Instant) -> TapEvent? {
    if chip.withAnswer({ foundCount($0) }) > 0 {
      switchOff(then: .lookForRemoval, now: now)
      return nil
    }
    isCardPresent = false
    switchOff(then: request == nil ? .rest : .look, now: now)
    return .cardRemoved
  }
}
