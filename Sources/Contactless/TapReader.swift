// The contactless reader: waits for a card while a payment wants one, talks to it, tells what came
// of it, and waits until it is gone. It puts the chip and the dialogue together and knows no port.

import Octets

public struct TapReader: ~Copyable {
  enum State {
    /// No payment wants a card; the field is off.
    case off
    /// The field is being switched off, which ends the communication with a card.
    case switchingOff(Then)
    /// Between two looks.
    case pausing(until: Instant, Then)
    /// A list of cards is under way.
    case listing(List)
    /// An APDU is under way; what the chip gave of its answer so far is in `answer`.
    case exchanging
    /// The last APDU of a dialogue that was given up is under way: its answer means nothing.
    case abandoning
  }

  /// What comes after the field was off, or after a pause.
  enum Then {
    case rest
    case look
    /// The lone card of type B is to be activated.
    case activateB
    case lookForRemoval
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

  var state = State.off
  var chip: PN532
  public internal(set) var session = CardSession()
  let terminal: TapTerminal
  /// The payment that wants a card, and the random number for the next one.
  var request: TapRequest?
  var unpredictable: UInt32?
  var answer = Bytes<600>()
  var parts = 0
  var isCollisionTold = false
  /// A card was there and is yet to leave, …
  var isCardPresent = false
  /// … found by this type.
  var cardType = RadioType.a
  public internal(set) var counts = TapCounts()
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
    case .exchanging: true
    case .listing(let list): list != .removal
    case .off, .switchingOff, .pausing, .abandoning: false
    }
  }

  /// Whether `provide` is to be called before a card can be taken.
  public var needsRandom: Bool { request != nil && unpredictable == nil }

  /// A random number that has not been used before, for one card (9F37).
  public mutating func provide(random: UInt32) { unpredictable = random }

  /// From now on a card is wanted, for `request`. One that is being read was wanted for another.
  /// `isAnother`: not the same payment as before, so that its customer was told nothing yet.
  public mutating func arm(_ request: TapRequest, isAnother: Bool = true) {
    abandon()
    self.request = request
    if isAnother { isCollisionTold = false }
  }

  /// No card is wanted any more, not the one either that is being read.
  public mutating func disarm() {
    abandon()
    request = nil
  }

  /// What a card says is for the payment that its dialogue began with (it signs the amount), and
  /// never for the next. The card has to leave before another is looked for.
  private mutating func abandon() {
    guard case .exchanging = state else { return }
    forgetCard()
    state = .abandoning
  }

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
      if request != nil, unpredictable != nil { look(now: now) }
    case .pausing(let until, let then):
      if now >= until || request == nil && !isCardPresent { go(on: then, now: now) }
    case .listing, .exchanging, .abandoning, .switchingOff: break
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
      case .listing(let list): return takeList(list, now: now)
      case .exchanging: return takeExchange(now: now)
      case .abandoning: switchOff(then: .lookForRemoval, now: now)
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
      if request != nil, unpredictable != nil { look(now: now) } else { state = .off }
    case .activateB: list(.typeBAlone, now: now)
    case .lookForRemoval: list(.removal, now: now)
    }
  }

  mutating func switchOff(then: Then, now: Instant) {
    let content: [3 of UInt8] = [0x32, 0x01, 0x00]
    chip.request(content.span, patience: PN532.patience, now: now)
    state = .switchingOff(then)
  }
}
