// `bench mixed`: thousands of transactions of every kind and method through the real program,
// several kiosks side by side, with every end compared on both sides.

import ArgumentParser
import Foundation
import Octets

struct MixedCommand: MeasureCommand {
  static let configuration = CommandConfiguration(
    commandName: "mixed", abstract: "10,000 mixed transactions, every end compared.")
  @OptionGroup var options: MeasureOptions

  /// Each waits for its cards most of the time: a processor serves several.
  private static let kiosksEachProcessor = 3

  static func measure(_ options: MeasureOptions, _ findings: inout Findings) throws {
    let kiosks = kiosksEachProcessor * ProcessInfo.processInfo.activeProcessorCount
    let count = options.quick ? 240 : 10_000
    findings.section(
      """
      \(count) mixed transactions at \(kiosks) kiosks, lines of 921600 bit/s, one byte in 50,000 \
      with a wrong bit
      """)
    let customers = try (1...kiosks).map { number in
      let share = count * number / kiosks - count * (number - 1) / kiosks
      return try Customers(options.command, number: number, share: share)
    }
    let start = monotonicNow()
    for one in customers { one.begin() }
    var all = MixedDialogue(seed: 0)
    for one in customers { all.add(try one.finish()) }
    let seconds = Double((monotonicNow() - start).nanoseconds) / 1e9
    show(all, findings)
    findings.show("transactions a second, all kiosks", number(Double(count) / seconds))
    findings.require("without a final outcome", UInt64(all.unended), exactly: 0)
    findings.require("ends that differ between the sides", UInt64(all.differing), exactly: 0)
    for words in all.complaints.prefix(10) { print("   " + words) }
  }

  private static func show(_ all: MixedDialogue, _ findings: Findings) {
    for (name, count) in all.plans.sorted(by: { $0.key < $1.key }) {
      findings.show("  \(name)", String(count))
    }
    for (method, count) in all.presented.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      findings.show("taken by \(method)", String(count))
    }
    findings.show("swipes, of these to be repeated", "\(all.swipes), \(all.repeatedSwipes)")
    findings.show("final events that noise took", String(all.missedEvents))
  }
}

/// One kiosk and its customers, on a thread of its own.
private final class Customers: @unchecked Sendable {
  private let kiosk: VirtualKiosk
  private let share: Int
  private var dialogue: MixedDialogue
  private var failure: (any Error)?
  private let isDone = DispatchSemaphore(value: 0)

  init(_ command: [String], number: Int, share: Int) throws {
    var line = LineSettings()
    line.baud = 921_600
    line.isPaced = true
    line.flips = 2e-5
    line.seed = UInt64(number)
    kiosk = try VirtualKiosk(command, lead: .milliseconds(40), line: line)
    self.share = share
    dialogue = MixedDialogue(seed: UInt64(number))
  }

  func begin() {
    let thread = Thread { [self] in
      do {
        try punctually { for _ in 0..<share { try dialogue.play(at: kiosk) } }
        try dialogue.compareTotals(at: kiosk)
      } catch { failure = error }
      isDone.signal()
    }
    thread.stackSize = 1 << 22
    thread.start()
  }

  /// Waits for the last customer.
  func finish() throws -> MixedDialogue {
    isDone.wait()
    let status = kiosk.close()
    if let failure { throw failure }
    if status != 0 { throw KioskFailure("the firmware ended with \(status)") }
    return dialogue
  }
}
