// What must work at a kiosk, on a real kernel: swipes on both kinds of heads, taps, lights, a chip
// that goes and comes, a register and a firmware that are started again.

import Link
import Magstripe
import Octets
import Register
import Simulator

enum Suite {
  static func run(_ kiosk: inout Kiosk) {
    let first = Firmware(board: Kiosk.clockData)
    Report.check(kiosk.awaitSession(), "a session through the kernel's serial ports")
    Report.number("locked memory", first.kilobytes("VmLck:"), "kB")
    Report.number("resident memory", first.kilobytes("VmRSS:"), "kB")
    Walls.check(first)
    swipes(&kiosk)
    unreadable(&kiosk)
    register(&kiosk)
    Report.check(first.end(Firmware.kill) == 128 + 9, "the firmware is killed")
    fluxHead(&kiosk)
    taps(&kiosk)
    // Last, and the firmware is left to run: Linux 6.1 itself writes to memory it has freed when a
    // program lets go of lines whose chip went away.
    let start = kiosk.till.heard.count
    let last = Firmware(board: Kiosk.clockData)
    Report.check(kiosk.awaitSession(from: start), "a session after an orderly end")
    chip(&kiosk)
    keys(kiosk.till.store)
    Report.check(last.isRunning, "the firmware still runs")
    Report.number("head late, most", kiosk.headLate.nanoseconds / 1_000, "us")
  }

  private static func swipes(_ kiosk: inout Kiosk) {
    var conditions = SwipeConditions()
    conditions.kind = .clockData
    guard let reference = kiosk.arm(amount: 1_250) else {
      return Report.failed("a payment is accepted")
    }
    Report.check(kiosk.awaitLight(.ready, isLit: true), "the light says that a card can be swiped")
    Report.check(
      kiosk.finish(reference, .visa, conditions, amount: 1_250, seed: 1),
      "a swipe becomes a record that the acquirer can read")
    Report.check(kiosk.awaitLight(.ok, isLit: true), "the light says that the card was captured")
    Report.check(kiosk.awaitLight(.ready, isLit: false), "the light ready goes out")
    conditions.direction = .backward
    Report.check(kiosk.pay(.mastercard, conditions, amount: 990, seed: 2), "a swipe backwards")
    conditions.inchesPerSecond = 30
    conditions.jitter = 0.05
    Report.check(kiosk.pay(.mastercard, conditions, amount: 5, seed: 3), "three tracks at 30 in/s")
  }

  private static func unreadable(_ kiosk: inout Kiosk) {
    var conditions = SwipeConditions()
    conditions.kind = .clockData
    conditions.loss = 0.5
    guard let reference = kiosk.arm(amount: 700) else {
      return Report.failed("a payment after those before")
    }
    let event = kiosk.swipe(Swipe(.visa, conditions, seed: 4))
    var isUnreadable = false
    if case .event(let event) = event { isUnreadable = event.kind == .cardNotReadable }
    Report.check(isUnreadable, "half the edges gone: not readable")
    Report.check(kiosk.awaitLight(.error, isLit: true), "the light says that it was not readable")
    conditions.loss = 0
    Report.check(
      kiosk.finish(reference, .visa, conditions, amount: 700, seed: 5), "swiped again, good")
  }

  private static func chip(_ kiosk: inout Kiosk) {
    var conditions = SwipeConditions()
    conditions.kind = .clockData
    guard let reference = kiosk.arm(amount: 300) else {
      return Report.failed("a payment before the chip goes")
    }
    Report.check(kiosk.rebindChip(), "the chip is unbound and bound again while a card is awaited")
    Report.check(
      kiosk.finish(reference, .visa, conditions, amount: 300, seed: 6),
      "the same payment gets its card from the chip that came back")
  }

  private static func register(_ kiosk: inout Kiosk) {
    guard let open = kiosk.arm(amount: 301) else { return Report.failed("a payment before that") }
    kiosk.restartRegister()
    Report.check(kiosk.awaitSession(), "a register that was started again has a session")
    Report.check(kiosk.till.store.alarms == 0, "and misses no record")
    Report.check(kiosk.till.store.open == open, "and knows which payment is open")
    kiosk.giveUp()
    Report.check(kiosk.till.store.open == nil, "and abandons it")
  }

  /// The other kind of head, at a firmware that was started anew after a crash.
  private static func fluxHead(_ kiosk: inout Kiosk) {
    let start = kiosk.till.heard.count
    let firmware = Firmware(board: Kiosk.f2f)
    Report.check(kiosk.awaitSession(from: start), "a session after a crash")
    var conditions = SwipeConditions()
    Report.check(kiosk.pay(.visa, conditions, amount: 44, seed: 7), "bare flux reversals")
    conditions.inchesPerSecond = 30
    conditions.direction = .backward
    conditions.jitter = 0.05
    Report.check(
      kiosk.pay(.mastercard, conditions, amount: 45, seed: 8), "three tracks of flux at 30 in/s")
    Report.check(firmware.end(Firmware.terminate) == 0, "the firmware ends when it is asked to")
    Report.check(
      Firmware.number(" gaps=", inLine: "counts:") == 0, "the firmware saw no edge lost")
    Report.check(Firmware.number(" late=", inLine: "counts:") == 0, "and no release late")
  }

  /// A PN532 at a port of its own.
  private static func taps(_ kiosk: inout Kiosk) {
    let start = kiosk.till.heard.count
    let firmware = Firmware(board: Kiosk.contactless)
    guard let reader = CardReader() else { return Report.failed("the reader's port opens") }
    kiosk.till.reader = consume reader
    Report.check(kiosk.awaitSession(from: start), "a session with a contactless reader")
    // The chip is looked for at every rate.
    kiosk.idle(milliseconds: 3_000)
    Report.check(kiosk.tap(PaymentCard(.visa), "476173******0010", amount: 46), "a card is tapped")
    var phone = PaymentCard(.mastercard)
    phone.isPhone = true
    Report.check(kiosk.tap(phone, "541333******0011", amount: 47), "a phone is tapped")
    Report.check(firmware.end(Firmware.terminate) == 0, "the firmware with the reader ends")
    kiosk.till.reader = nil
  }

  private static func keys(_ store: borrowing Store) {
    Report.check(store.recordCount == 9, "nine records are stored")
    Report.check(store.keysUsedTwice == 0, "no key was used twice, also across the crash")
    Report.check(store.alarms == 0, "no alarm of the log")
  }
}
