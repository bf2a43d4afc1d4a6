// The loop's devices beside head and register: scanner and customer display, each on a serial port
// that may come and go. (An older till's port is in LoopConcert.swift.)

import Display
import Link
import Octets
import WalletCode

/// What the board has beside head and register.
public struct Attachments: Sendable {
  public var hasScanner = false
  /// Nil: no customer display.
  public var display: DisplaySettings?
  /// The kiosk's language, for customers who have not said theirs.
  public var language = Language.english

  /// Nil: no port for a till that speaks Concert.
  public var concert: ConcertSettings?

  public init() {}

  public static var none: Attachments { Attachments() }
}

extension Loop where B: ~Copyable {
  /// Takes what was scanned. A code that comes while none is awaited is wiped unread.
  mutating func takeScans(now: Instant) {
    guard attachments.hasScanner else { return }
    switch board.portChange(of: .scanner) {
    case .none: break
    case .cameUp, .wentDown: codes.forget()
    }
    if codes.needsKey {
      var random = Link.Key()
      board.random(into: &random)
      codes.provideKey(&random)
    }
    received.removeAll()
    board.receive(from: .scanner, into: &received)
    guard !received.isEmpty else { return }
    var offset = 0
    while received.withBytes({ codes.receive($0, from: &offset, now: now) }) { endScan(now: now) }
    received.wipe()
  }

  private mutating func endScan(now: Instant) {
    guard transaction.order(for: .walletCode) != nil else {
      codes.forget()
      health.walletCode.ignored &+= 1
      return board.report(Occurrence(at: now, code: .scanIgnored))
    }
    step(.began(.walletCode), now: now)
    guard let order = transaction.order(for: .walletCode) else { return codes.forget() }
    // The line's last byte came with this tick.
    let due = now + timing.release
    let result = codes.read(
      with: &reading, for: order, index: outbox.next, terminal: terminal, lease: &lease,
      clock: clock, now: now,
      into: &sealed)
    note(codes.languages, of: order)
    switch result {
    case .sealed(let wallet):
      board.report(Occurrence(at: now, code: .scanRead, detail: UInt16(wallet.rawValue)))
      hold(.walletCode, of: order, due: due, now: now)
    case .failed(let failure):
      board.report(
        Occurrence(at: now, code: .scanRefused, detail: UInt16(failure.reason.rawValue)))
      step(.failed(.walletCode, failure, due: due), now: now)
    }
  }

  /// A card or code says which languages its holder reads (5F2D).
  mutating func note(_ languages: PreferredLanguages, of order: Order) {
    guard let first = languages.codes[0] else { return }
    guidance.prefer(languages, for: order)
    untoldLanguage = .some(first)
  }

  mutating func tendDisplay(now: Instant) {
    guard attachments.display != nil else { return }
    if board.portChange(of: .display) == .cameUp { guidance.portCameUp() }
    guidance.tick(now: now)
    let count = guidance.withOutput { $0.isEmpty ? 0 : board.send($0, to: .display) }
    guidance.sent(count)
  }
}
