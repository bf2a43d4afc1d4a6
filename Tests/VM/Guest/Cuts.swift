// Payments until the power goes: Tests/VM/run kills the machine at any moment, starts it again on
// the same disk, and at the end asks for the verdict over all that the register has stored.

import Link
import Magstripe
import Octets
import Register
import Simulator

enum Cuts {
  static func run(_ kiosk: inout Kiosk) {
    let firmware = Firmware(board: Kiosk.clockData)
    guard kiosk.awaitSession() else { return Report.failed("a session after a power cut") }
    settle(&kiosk)
    Report.say("ready", "for payments")
    var seed: UInt64 = 0
    var conditions = SwipeConditions()
    conditions.kind = .clockData
    while firmware.isRunning {
      seed += 1
      conditions.inchesPerSecond = seed % 2 == 0 ? 20 : 30
      guard kiosk.pay(.visa, conditions, amount: seed, seed: seed) else { break }
      Report.say("paid", "")
    }
    Report.failed("payments go on until the power is cut")
  }

  /// What became of the payment that the cut interrupted.
  private static func settle(_ kiosk: inout Kiosk) {
    guard let open = kiosk.till.store.open else { return }
    let start = kiosk.till.heard.count
    kiosk.till.query(open)
    _ = kiosk.till.wait(from: start) { event in
      switch event {
      case .status(let status):
        if case .processed = status.state { false } else { true }
      case .record, .recordCopy: true
      case .linkUp, .response, .event, .recall, .forked, .totals, .diagnosis, .error: false
      }
    }
  }

  static func judge(_ kiosk: inout Kiosk) {
    let firmware = Firmware(board: Kiosk.clockData)
    Report.check(kiosk.awaitSession(), "a session after the last power cut")
    settle(&kiosk)
    kiosk.idle(milliseconds: 500)
    Report.check(firmware.end(Firmware.terminate) == 0, "the firmware ends when it is asked to")
    judge(kiosk.till.store)
  }

  private static func judge(_ store: borrowing Store) {
    Report.number("payments asked for", store.payments.count, "")
    Report.number("records stored", store.recordCount, "")
    Report.number("payments without a card or unknown", store.count(.nothing), "")
    Report.number("records lost", store.count(.captured), "")
    Report.number("logs begun", store.newOrigins, "")
    Report.check(store.recordCount > 0, "records were stored")
    Report.check(store.keysUsedTwice == 0, "no key was used twice")
    Report.check(store.count(.captured) == 0, "every captured payment has its record")
    Report.check(store.count(.open) == 0, "no payment is in doubt")
    Report.check(store.alarms == 0, "no alarm of the log")
  }
}
