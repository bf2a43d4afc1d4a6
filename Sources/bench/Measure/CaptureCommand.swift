// `bench capture`: edges as fast as the slower GPIO library drains them, while the whole program
// is stopped for 10 ms again and again. Not one may be lost, and the one that is missing on purpose
// must be noticed.

import ArgumentParser
import Foundation
import Octets

struct CaptureCommand: MeasureCommand {
  static let configuration = CommandConfiguration(
    commandName: "capture", abstract: "Edges lost at 42,000 a second with stalls of 10 ms.")
  @OptionGroup var options: MeasureOptions

  /// Three F2F tracks at 43 in/s; libgpiod 1.6 drains 42,000 edges a second.
  private static let rate: UInt64 = 42_000
  /// From one stall's start to the next.
  private static let stallPeriod = 0.25

  static func measure(_ options: MeasureOptions, _ findings: inout Findings) throws {
    let seconds: UInt64 = options.quick ? 2 : 8
    findings.section("capture of \(rate) edges/s for \(seconds) s, stopped for 10 ms every 250 ms")
    let kiosk = try VirtualKiosk(options.command)
    let count = rate * seconds
    let edges = (0..<count).map { index in
      EdgeFeed.Edge(
        offset: index * 1_000_000_000 / rate, line: UInt8(index % 3), level: UInt8(index / 3 & 1))
    }
    let staller = Staller(kiosk.program, times: Int(Double(seconds) / stallPeriod), stallPeriod)
    let start = monotonicNow()
    _ = try punctually { try kiosk.feed.play(edges) }
    let elapsed = Double((monotonicNow() - start).nanoseconds) / 1e9
    let stalls = staller.wait()
    Thread.sleep(forTimeInterval: 0.2)
    // The canary: a sequence number that never comes.
    kiosk.feed.lose(1)
    _ = try kiosk.feed.play([EdgeFeed.Edge(offset: 0, line: 0, level: 0)])
    Thread.sleep(forTimeInterval: 0.2)
    let status = kiosk.close()
    guard status == 0 else { throw KioskFailure("the firmware ended with \(status)") }
    let counts = try kiosk.program.numbers(after: "counts:")
    findings.show("fed in, with so many stalls", "\(number(elapsed)) s, \(stalls)")
    findings.require("edges captured", counts["edges"] ?? 0, exactly: count + 1)
    findings.require("edges refused", counts["refused-edges"] ?? 0, exactly: 0)
    findings.require("records not understood", counts["bad-edges"] ?? 0, exactly: 0)
    findings.require("gaps noticed, one planted", counts["gaps"] ?? 0, exactly: 1)
  }
}

/// Stops a program and lets it go on, on a thread of its own.
private final class Staller: @unchecked Sendable {
  private let done = DispatchSemaphore(value: 0)
  private let times: Int

  init(_ program: Program, times: Int, _ period: Double) {
    self.times = times
    let done = done
    Thread.detachNewThread {
      raiseOwnPriority(60)
      for _ in 0..<times {
        Thread.sleep(forTimeInterval: period - 0.010)
        program.signal(SIGSTOP)
        Thread.sleep(forTimeInterval: 0.010)
        program.signal(SIGCONT)
      }
      done.signal()
    }
  }

  /// Waits for the last stall's end; returns how many there were.
  func wait() -> Int {
    done.wait()
    return times
  }
}
