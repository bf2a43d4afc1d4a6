// Pairings as the loop sees them: it carries orders to the link and tells what comes of them, with
// the lights too: who has pressed the button sees `ready` blink. The list of registers is the
// keeper's, for it outlives a power cut.

import Link
import Octets
import Vault

extension Loop where B: ~Copyable {
  mutating func takePairingOrders(now: Instant) {
    while let order = board.nextPairingOrder() { carryOut(order, now: now) }
  }

  private mutating func carryOut(_ order: PairingOrder, now: Instant) {
    var event: PairingEvent?
    switch order {
    case .open:
      link.openPairing(now: now)
      board.report(Occurrence(at: now, code: .pairingOpened))
    case .close: event = link.closePairing()
    case .stored(let register):
      var recordKey = Link.Key()
      terminal.recordKey.copy(into: &recordKey)
      event = link.registerStored(register, recordKey: recordKey)
      recordKey.wipe()
      watcher?.pin(register.key)
      board.report(Occurrence(at: now, code: .paired))
      glow = (.ok, now + LoopTiming.afterglow)
    case .notStored(let why): event = link.registerNotStored(why)
    case .forget(let register):
      link.unpin(register)
      watcher?.unpin(register)
    }
    if let event { take(event, now: now) }
  }

  mutating func take(_ event: PairingEvent, now: Instant) {
    switch event {
    case .showCode(let code):
      guidance.show(pairingCode: code)
      board.report(Occurrence(at: now, code: .pairingCode, amount: code))
    case .wrongCode(let left):
      guidance.hidePairingCode(now: now)
      board.report(Occurrence(at: now, code: .pairingWrongCode, detail: UInt16(left)))
      glow = (.error, now + LoopTiming.afterglow)
    case .codeExpired:
      guidance.hidePairingCode(now: now)
      board.report(Occurrence(at: now, code: .pairingExpired))
      glow = (.error, now + LoopTiming.afterglow)
    case .accepted: guidance.hidePairingCode(now: now)
    case .closed:
      guidance.hidePairingCode(now: now)
      board.report(Occurrence(at: now, code: .pairingClosed))
    }
    if !board.tell(event), case .accepted = event, let end = link.registerNotStored(.notStored) {
      take(end, now: now)
    }
  }
}
