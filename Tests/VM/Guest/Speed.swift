// How fast: payment after payment on a machine whose clock goes by instructions, a nanosecond each,
// at ever faster swipes of three tracks. At the slowest nothing may be lost or late; the fastest at
// which that still holds is the number to quote.

import LinuxBoard
import Magstripe
import Octets
import Simulator

enum Speed {
  static let swipes = 10
  static let inchesPerSecond = [20, 30, 40, 50, 60]

  static func run(_ kiosk: inout Kiosk) {
    measure(&kiosk, .clockData)
    measure(&kiosk, .f2f)
    Report.number("head late, most", kiosk.headLate.nanoseconds / 1_000, "us")
  }

  private static func measure(_ kiosk: inout Kiosk, _ kind: StripeSettings.Kind) {
    Report.say(
      "part", kind == .f2f ? "F2F head, three tracks" : "clock and data head, three tracks")
    var fastest = 0
    for speed in inchesPerSecond {
      guard let outcome = play(&kiosk, kind, speed: speed) else { return }
      outcome.show(speed)
      if !outcome.isPerfect { break }
      fastest = speed
    }
    Report.check(fastest >= 20, "nothing lost and nothing late at 20 in/s")
    Report.number("fastest without loss or lateness", fastest, "in/s")
  }

  private static func play(
    _ kiosk: inout Kiosk, _ kind: StripeSettings.Kind, speed: Int
  ) -> Outcome? {
    let before = kiosk.till.heard.count
    let firmware = Firmware(board: kind == .f2f ? Kiosk.f2f : Kiosk.clockData)
    guard kiosk.awaitSession(from: before) else {
      Report.failed("a session")
      return nil
    }
    var conditions = SwipeConditions()
    conditions.kind = kind
    conditions.inchesPerSecond = Double(speed)
    conditions.jitter = 0.05
    var outcome = Outcome()
    let start = MonotonicClock.now()
    for seed in 1...UInt64(swipes) {
      outcome.played += Swipe(.mastercard, conditions, seed: seed).watched
      if kiosk.pay(.mastercard, conditions, amount: seed, seed: seed) { outcome.paid += 1 }
    }
    outcome.took = MonotonicClock.now() - start
    kiosk.giveUp()
    Report.check(firmware.end(Firmware.terminate) == 0, "the firmware ends when it is asked to")
    outcome.captured = Firmware.number(" edges=", inLine: "counts:") ?? 0
    outcome.gaps = Firmware.number(" gaps=", inLine: "counts:") ?? 0
    outcome.late = Firmware.number(" late=", inLine: "counts:") ?? 0
    outcome.median = Firmware.number("p50=", inLine: "release-latency") ?? 0
    outcome.most = Firmware.number("max=", inLine: "release-latency") ?? 0
    return outcome
  }

  private struct Outcome {
    var paid = 0
    var played: UInt64 = 0
    var captured: UInt64 = 0
    var gaps: UInt64 = 0
    var late: UInt64 = 0
    /// Nanoseconds from the last edge to the record's first byte.
    var median: UInt64 = 0
    var most: UInt64 = 0
    var took = Interval.milliseconds(0)

    var isPerfect: Bool { paid == swipes && captured == played && gaps == 0 && late == 0 }

    func show(_ speed: Int) {
      var line = TextLine("vm: number ")
      line.add(speed)
      line.add(" in/s: read ")
      line.add(paid)
      line.add(" of ")
      line.add(swipes)
      line.add(", edges ")
      line.add(captured)
      line.add(" of ")
      line.add(played)
      line.add(", gaps ")
      line.add(gaps)
      line.add(", late ")
      line.add(late)
      line.add("; released after us p50 ")
      line.add(median / 1_000)
      line.add(" most ")
      line.add(most / 1_000)
      line.add("; swipes a minute ")
      line.add(UInt64(paid) * 60_000_000_000 / UInt64(max(took.nanoseconds, 1)))
      line.write(to: 1)
    }
  }
}
