// The loop's contactless side: it arms the reader while a transaction wants a tap, hands bytes to
// and fro, and turns what the reader tells into steps of the transaction.

import Contactless
import Identity
import Link
import Octets
import Vault

/// The contactless reader of a board.
public struct TapSettings: Sendable {
  public var terminal: TapTerminal
  /// The highest rate of port and wiring in bits per second.
  public var fastest: Int

  public init(terminal: TapTerminal, fastest: Int) {
    self.terminal = terminal
    self.fastest = fastest
  }
}

extension Loop where B: ~Copyable {
  /// A card is looked for or being read: what its answers need to go on is worth a run between two
  /// slots.
  public var awaitsReader: Bool { hasReader && reader.isBusy }

  /// Runs the reader alone: bytes have come from it between two slots.
  public mutating func serveReader(now: Instant) { if hasReader { takeTaps(now: now) } }

  mutating func takeTaps(now: Instant) {
    tendReaderPort(now: now)
    armReader(now: now)
    received.removeAll()
    board.receiveFromReader(into: &received)
    var offset = 0
    while let event = received.withBytes({ reader.receive($0, from: &offset, now: now) }) {
      take(event, now: now)
    }
    while let event = reader.tick(now: now) { take(event, now: now) }
    received.wipe()
    if reader.needsRandom { reader.provide(random: drawNumber()) }
    let count = reader.withOutput { board.sendToReader($0) }
    reader.sent(count, now: now)
  }

  private mutating func tendReaderPort(now: Instant) {
    switch board.readerPort() {
    case .none: break
    case .cameUp: reader.portCameUp()
    case .wentDown:
      if let event = reader.portWentDown() { take(event, now: now) }
      board.report(Occurrence(at: now, code: .readerLost))
    }
  }

  /// A tap is wanted while the transaction names an order for it: not while a stripe is read.
  private mutating func armReader(now: Instant) {
    guard let order = transaction.order(for: .contactless) else {
      if tapOrder != nil { reader.disarm() }
      tapOrder = nil
      return
    }
    if let tapOrder, tapOrder.reference == order.reference, tapOrder.total == order.total { return }
    tapOrder = .some((order.reference, order.total))
    reader.arm(
      TapRequest(order, clock, sequence: UInt32(truncatingIfNeeded: outbox.next), now),
      isAnother: lastTapped != order.reference)
    lastTapped = .some(order.reference)
  }

  private mutating func drawNumber() -> UInt32 {
    var random = Link.Key()
    board.random(into: &random)
    var number: UInt32 = 0
    for index in 0..<4 { number = number << 8 | UInt32(random[index]) }
    random.wipe()
    return number
  }

  private mutating func take(_ event: TapEvent, now: Instant) {
    switch event {
    case .setRate(let rate): board.setReaderRate(rate)
    case .cameUp: board.report(Occurrence(at: now, code: .readerFound))
    case .wentAway: board.report(Occurrence(at: now, code: .readerLost))
    case .cardSeen: step(.began(.contactless), now: now)
    case .read: endTap(now: now)
    case .failed(let failure):
      board.report(
        Occurrence(at: now, code: .tapFailed, detail: UInt16(failure.prompt.rawValue)))
      fail(Failure(failure), now: now)
    case .cardRemoved: break
    }
  }

  private mutating func noteLanguages(of order: Order) {
    note(reader.session.languages.withBytes { PreferredLanguages($0) }, of: order)
  }

  private mutating func fail(_ failure: Failure, now: Instant) {
    guard let order = transaction.order(for: .contactless) else { return }
    noteLanguages(of: order)
    step(.failed(.contactless, failure, due: reader.lastByte + timing.release), now: now)
    step(.tick, now: now)
  }

  private mutating func endTap(now: Instant) {
    defer { reader.forgetCard() }
    guard let order = transaction.order(for: .contactless) else {
      health.contactless.ignored &+= 1
      return board.report(Occurrence(at: now, code: .tapIgnored))
    }
    noteLanguages(of: order)
    let failure = reading.read(
      tapped: reader.session, for: order, index: outbox.next, terminal: terminal, lease: &lease,
      clock: clock, now: now, into: &sealed)
    if let failure { return fail(failure, now: now) }
    let kernel = reader.session.application?.kernel.rawValue ?? 0
    board.report(Occurrence(at: now, code: .tapRead, detail: UInt16(kernel)))
    hold(.contactless, of: order, due: reader.lastByte + timing.release, now: now)
    step(.tick, now: now)
  }
}

extension TapRequest {
  /// Date and time are UTC: the register tells no other.
  init(_ order: Order, _ clock: WallClock, sequence: UInt32, _ now: Instant) {
    let milliseconds = clock.unixMilliseconds(at: now)
    let day = CalendarDay(unixMilliseconds: milliseconds)
    let second = UInt32(milliseconds / 1_000 % 86_400)
    self.init(
      amount: order.total, currency: order.request.currency, exponent: order.request.exponent,
      date: UInt32(day.year % 100 * 10_000 + day.month * 100 + day.day),
      time: second / 3_600 * 10_000 + second / 60 % 60 * 100 + second % 60, sequence: sequence)
    if order.request.kind == .refund { kind = 0x20 }
  }
}
