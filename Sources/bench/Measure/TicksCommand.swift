// `bench ticks`: how late the real program's ticks are, beside the plainest C loop and cyclictest,
// one after the other and over again, so that a noisy machine is noisy to all of them.

import ArgumentParser
import Foundation

struct TicksCommand: MeasureCommand {
  static let configuration = CommandConfiguration(
    commandName: "ticks", abstract: "Tick lateness against a C loop and cyclictest.")
  @OptionGroup var options: MeasureOptions

  /// The virtual board's default.
  private static let priority = "40"

  static func measure(_ options: MeasureOptions, _ findings: inout Findings) throws {
    let (rounds, seconds) = options.quick ? (3, 2) : (9, 6)
    findings.section(
      "tick lateness, 1 ms ticks, medians of \(rounds) interleaved rounds of \(seconds) s")
    var ours: [Lateness] = []
    var plain: [Lateness] = []
    var cyclic: [Lateness] = []
    for _ in 0..<rounds {
      ours.append(try firmware(options.command, seconds: seconds))
      plain.append(try referenceLoop(seconds: seconds))
      cyclic.append(try cyclictest(seconds: seconds))
    }
    // The firmware counts in buckets of 1/16 of their value and reports a bucket's end.
    findings.show("the firmware, idle kiosk", Lateness.words(ours))
    findings.show("the C loop", Lateness.words(plain))
    findings.show("cyclictest", Lateness.words(cyclic))
    findings.require("firmware / C loop, p50", ratio(ours, plain, \.p50), atMost: 1.35)
    findings.require("firmware / C loop, p99", ratio(ours, plain, \.p99), atMost: 2.4)
  }

  private static func ratio(
    _ ours: [Lateness], _ reference: [Lateness], _ what: KeyPath<Lateness, Double>
  ) -> Double {
    median(ours.map { $0[keyPath: what] }) / median(reference.map { $0[keyPath: what] })
  }

  private static func firmware(_ command: [String], seconds: Int) throws -> Lateness {
    let kiosk = try VirtualKiosk(command)
    // A real register is another computer: it takes no time of this one.
    kiosk.register.stop()
    Thread.sleep(forTimeInterval: Double(seconds))
    let status = kiosk.close()
    guard status == 0 else { throw KioskFailure("the firmware ended with \(status)") }
    return Lateness(nanoseconds: try kiosk.program.numbers(after: "tick-lateness"))
  }

  private static func referenceLoop(seconds: Int) throws -> Lateness {
    let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent()
    let path = folder.appendingPathComponent("reference-loop").path
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw KioskFailure("\(path) is missing: build the product reference-loop")
    }
    let result = try Program.run(path, [String(seconds), "1000", priority], in: "/")
    guard result.status == 0 else { throw KioskFailure("reference-loop: \(result.said)") }
    return Lateness(nanoseconds: numbersNamed(in: result.said))
  }

  private static func cyclictest(seconds: Int) throws -> Lateness {
    let arguments = [
      "-q", "-m", "-p", priority, "-i", "1000", "-D", String(seconds), "-h", "100000",
    ]
    let result = try Program.run("/usr/bin/env", ["cyclictest"] + arguments, in: "/")
    guard result.status == 0 else {
      throw KioskFailure("cyclictest (Debian package rt-tests): \(result.said)")
    }
    return Lateness(cyclictest: result.said)
  }
}

/// How late ticks were, in microseconds.
struct Lateness {
  var p50: Double
  var p99: Double

  init(nanoseconds: [String: UInt64]) {
    p50 = microseconds(nanoseconds["p50"] ?? 0)
    p99 = microseconds(nanoseconds["p99"] ?? 0)
  }

  /// From cyclictest's histogram: lines of microseconds and count.
  init(cyclictest text: String) {
    var buckets: [(microseconds: Double, count: Double)] = []
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let words = line.split(separator: " ")
      if words.count == 2, let time = Double(words[0]), let count = Double(words[1]) {
        buckets.append((time, count))
      }
    }
    let total = buckets.reduce(0) { $0 + $1.count }
    func percentile(_ part: Double) -> Double {
      var seen = 0.0
      for bucket in buckets {
        seen += bucket.count
        if seen >= total * part { return bucket.microseconds }
      }
      return .infinity
    }
    p50 = percentile(0.5)
    p99 = percentile(0.99)
  }

  static func words(_ rounds: [Lateness]) -> String {
    "p50 \(number(median(rounds.map(\.p50)))) us, p99 \(number(median(rounds.map(\.p99)))) us"
  }
}
