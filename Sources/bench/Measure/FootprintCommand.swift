// `bench footprint`: how much room the firmware takes, on disk, in images and in locked memory, how
// soon it runs, how long the doctor takes, and how thick the service's walls are.

import ArgumentParser
import Foundation

struct FootprintCommand: MeasureCommand {
  static let configuration = CommandConfiguration(
    commandName: "footprint",
    abstract: "Sizes, locked memory, start to first tick, the doctor's time, systemd's score.")
  @OptionGroup var options: MeasureOptions

  static func measure(_ options: MeasureOptions, _ findings: inout Findings) throws {
    let starts = options.quick ? 3 : 9
    findings.section("footprint, \(starts) starts")
    for path in Set([options.firmware, ".build-fw/x86_64/tillgate", ".build-fw/arm64/tillgate"])
      .sorted()
    {
      size(of: path, atMost: 2.5, &findings)
    }
    for arch in ["amd64", "arm64"] {
      // The "few megabytes": what the boot loader reads beside the kernel.
      size(of: ".build-image/qemu-\(arch)/initrd", atMost: 4, &findings)
      size(of: ".build-image/qemu-\(arch)/tillgate.img", atMost: 256, &findings)
    }
    try score(&findings)
    try run(starts: starts, options, &findings)
  }

  /// Of a file that a make target leaves.
  private static func size(of path: String, atMost limit: Double, _ findings: inout Findings) {
    guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int else {
      return findings.show(path, "not built")
    }
    findings.require("size of \(path)", Double(size) / 1e6, atMost: limit, " MB")
  }

  /// What systemd makes of the unit: 0 is best, 10 is none.
  private static func score(_ findings: inout Findings) throws {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze") else {
      return findings.show("systemd's score of the unit", "no systemd-analyze here")
    }
    let (_, said) = try Program.run("boards/debian/score", [], in: ".")
    guard let value = said.firstMatch(of: #/: ([0-9.]+) of 10/#).flatMap({ Double($0.1) }) else {
      throw KioskFailure("boards/debian/score: \(said)")
    }
    findings.require("systemd's score of the unit", value, atMost: 1.5)
  }

  private static func run(
    starts: Int, _ options: MeasureOptions, _ findings: inout Findings
  ) throws {
    var locked: [Double] = []
    var first: [Double] = []
    var visits: [Double] = []
    for _ in 0..<starts {
      let kiosk = try VirtualKiosk(options.command)
      locked.append(try lockedMegabytes(kiosk.program.identifier))
      first.append(try millisecondsToFirstTick(kiosk))
      visits.append(try secondsOfDoctor(options, kiosk))
      kiosk.close()
    }
    findings.require("locked memory, the most", locked.max() ?? 0, atMost: 16, " MB")
    findings.require("start to first tick, median", median(first), atMost: 100, " ms")
    findings.require("the doctor's visit, the longest", visits.max() ?? 0, atMost: 2, " s")
  }

  /// A visit while the kiosk works, to which it must do nothing.
  private static func secondsOfDoctor(
    _ options: MeasureOptions, _ kiosk: VirtualKiosk
  ) throws -> Double {
    let board = URL(fileURLWithPath: "boards/virtual/board.ini").path
    let start = monotonicNow()
    let words = ["doctor", board, "--json"]
    let (status, said) = try Program.run(options.command[0], words, in: kiosk.folder)
    // 1 and 2 are findings about this computer.
    guard [0, 1, 2].contains(status), said.contains("\"findings\""), kiosk.program.isRunning else {
      throw KioskFailure("the doctor ended with \(status): \(said)")
    }
    return Double(monotonicNow().nanoseconds - start.nanoseconds) / 1e9
  }

  /// `VmLck` of a running program.
  private static func lockedMegabytes(_ identifier: Int32) throws -> Double {
    let status = try String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmLck:") } ?? ""
    guard let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first,
      let value = Double(kilobytes)
    else { throw KioskFailure("no VmLck in /proc/\(identifier)/status") }
    return value * 1024 / 1e6
  }

  /// From before the program was started to the tick that says so, whose time it gives in whole
  /// milliseconds, rounded down: up to one more is added.
  private static func millisecondsToFirstTick(_ kiosk: VirtualKiosk) throws -> Double {
    guard let line = kiosk.program.line(containing: "the loop runs"),
      let stamp = line.split(separator: " ").first.flatMap({ Double($0) })
    else { throw KioskFailure("no first tick: \(kiosk.program.said)") }
    return stamp + 1 - Double(kiosk.startedAt.nanoseconds) / 1e6
  }
}
