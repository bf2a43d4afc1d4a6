// `bench footprint`: how much room the firmware takes, on disk and in locked memory, and how soon
// it runs.

import ArgumentParser
import Foundation

struct FootprintCommand: MeasureCommand {
  static let configuration = CommandConfiguration(
    commandName: "footprint", abstract: "Program size, locked memory, start to first tick.")
  @OptionGroup var options: MeasureOptions

  static func measure(_ options: MeasureOptions, _ findings: inout Findings) throws {
    let starts = options.quick ? 3 : 9
    findings.section("footprint, \(starts) starts")
    for path in Set([options.firmware, ".build-fw/x86_64/tillgate", ".build-fw/arm64/tillgate"])
      .sorted()
    {
      guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
      else {
        findings.show(path, "not built")
        continue
      }
      findings.require("size of \(path)", Double(size) / 1e6, atMost: 2.5, " MB")
    }
    var locked: [Double] = []
    var first: [Double] = []
    for _ in 0..<starts {
      let kiosk = try VirtualKiosk(options.command)
      locked.append(try lockedMegabytes(kiosk.program.identifier))
      first.append(try millisecondsToFirstTick(kiosk))
      kiosk.close()
    }
    findings.require("locked memory, the most", locked.max() ?? 0, atMost: 16, " MB")
    findings.show("start to first tick, median", "\(number(median(first))) ms")
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
