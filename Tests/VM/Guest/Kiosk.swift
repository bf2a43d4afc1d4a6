// One kiosk in the machine: the firmware, a register, the chip, and the steps of a payment at them.

import CGuest
import Link
import LinuxBoard
import Magstripe
import Octets
import Register
import Simulator

struct Kiosk: ~Copyable {
  static let clockData: StaticString = "/etc/tillgate/board.ini"
  static let f2f: StaticString = "/etc/tillgate/board-f2f.ini"
  static let contactless: StaticString = "/etc/tillgate/board-contactless.ini"

  var till: Till
  var chip: Chip
  /// By how much the head itself was late at most: what the machine cannot play.
  private(set) var headLate = Interval.milliseconds(0)
  private var number: UInt64
  private let prefix: UInt64

  /// `prefix` goes into every reference, which must never repeat.
  init?(prefix: UInt64) {
    guard let chip = Chip() else {
      Report.failed("the simulated chip is not there")
      return nil
    }
    guard let till = Till.start() else {
      Report.failed("the register's port or store cannot be opened")
      return nil
    }
    self.till = till
    self.chip = chip
    self.prefix = prefix
    number = 0
  }

  mutating func awaitSession(from start: Int = 0, seconds: Int64 = 60) -> Bool {
    till.wait(from: start, seconds: seconds) {
      if case .linkUp = $0 { true } else { false }
    } != nil
  }

  /// Asks for a payment of a new reference and waits until a card may be swiped.
  mutating func arm(
    amount: UInt64, seconds: UInt16 = 60, methods: Methods = .magneticStripe
  ) -> Reference? {
    number += 1
    var text = TextLine("VM-")
    text.add(prefix)
    text.add("-")
    text.add(number)
    return till.arm(text, amount: amount, seconds: seconds, methods: methods)
  }

  /// Plays a swipe and waits for what comes of it: a record, or that it could not be read.
  mutating func swipe(_ swipe: Swipe) -> RegisterEvent? {
    let start = till.heard.count
    guard let late = swipe.play(at: chip) else { return nil }
    headLate = max(headLate, late)
    return till.wait(from: start) { event in
      switch event {
      case .record: true
      case .event(let event): event.kind == .cardNotReadable
      case .linkUp, .response, .recordCopy, .recall, .forked, .status, .totals, .diagnosis, .error:
        false
      }
    }
  }

  /// A whole payment: whether its record came and says what was swiped.
  mutating func pay(
    _ card: TestCard, _ conditions: SwipeConditions, amount: UInt64, seed: UInt64
  ) -> Bool {
    guard let reference = arm(amount: amount) else { return false }
    return finish(reference, card, conditions, amount: amount, seed: seed)
  }

  /// Swipes at an armed payment.
  mutating func finish(
    _ reference: Reference, _ card: TestCard, _ conditions: SwipeConditions, amount: UInt64,
    seed: UInt64
  ) -> Bool {
    let before = till.heard.count
    guard case .record = swipe(Swipe(card, conditions, seed: seed)),
      let record = till.records.last
    else {
      giveUp()
      return false
    }
    let ended = till.wait(from: before) {
      if case .event(let event) = $0 {
        event.isFinal && event.reference == reference
      } else {
        false
      }
    }
    return ended != nil && record.reference == reference && record.amount == amount
      && record.isBackward == (conditions.direction == .backward)
      && (card.track3 == nil ? record.isOf.visa : record.isOf.mastercard)
  }

  /// A whole payment by a tap: whether its record came and says so.
  mutating func tap(_ card: PaymentCard, _ maskedPAN: StaticString, amount: UInt64) -> Bool {
    guard let reference = arm(amount: amount, methods: .contactless) else { return false }
    let start = till.heard.count
    till.reader?.present(card)
    let ended = till.wait(from: start) {
      if case .event(let event) = $0 {
        event.isFinal && event.reference == reference
      } else {
        false
      }
    }
    let stored = till.wait(from: start) { if case .record = $0 { true } else { false } }
    till.reader?.takeAway()
    guard ended != nil, stored != nil, let record = till.records.last else {
      giveUp()
      return false
    }
    idle(milliseconds: 500)
    return record.reference == reference && record.amount == amount && record.isTap
      && maskedPAN.utf8CodeUnitCount == record.maskedPAN.count
      && record.maskedPAN.indices.allSatisfy { record.maskedPAN[$0] == maskedPAN.utf8Start[$0] }
  }

  /// Abandons a payment that is still open.
  mutating func giveUp() {
    guard let open = till.store.open else { return }
    let start = till.heard.count
    till.abort(open)
    let ended = till.wait(from: start) {
      if case .event(let event) = $0 { event.isFinal && event.reference == open } else { false }
    }
    if ended != nil { till.endPayment(open) }
  }

  /// Waits until `light` is as wanted.
  mutating func awaitLight(_ light: Light, isLit: Bool) -> Bool {
    for _ in 0..<2_000 {
      if chip.isLit(light) == isLit { return true }
      till.turn()
    }
    return false
  }

  /// Takes the chip away and gives it back. What was open of the old one is void.
  mutating func rebindChip() -> Bool {
    guard guest_bind_chip(0) == 0 else { return false }
    idle(milliseconds: 200)
    guard guest_bind_chip(1) == 0, let fresh = Chip() else { return false }
    chip = fresh
    // The firmware looks for it again after a while.
    idle(milliseconds: 3_000)
    return true
  }

  /// The register's program ends and starts again with what is on its disk.
  mutating func restartRegister() {
    guard let fresh = Till.start() else { return Report.failed("the register's port opens again") }
    till = fresh
  }

  /// Lets so much time pass.
  mutating func idle(milliseconds: Int) { for _ in 0..<milliseconds { till.turn() } }
}

extension TextLine {
  var reference: Reference? { withBytes { Reference($0) } }
}
