// `bench releases`: whether records leave in their slot, by the firmware's own count over many
// swipes in real time, and what the register sees of it.

import ArgumentParser
import Foundation
import Link
import Octets
import Register
import Simulator

struct ReleasesCommand: MeasureCommand {
  static let configuration = CommandConfiguration(
    commandName: "releases", abstract: "Release latency over 1,000 swipes in real time.")
  @OptionGroup var options: MeasureOptions

  static func measure(_ options: MeasureOptions, _ findings: inout Findings) throws {
    let swipes = options.quick ? 60 : 1_000
    findings.section("release latency over \(swipes) swipes at 60 to 100 in/s")
    let kiosk = try VirtualKiosk(options.command)
    var till = SwipingTill()
    try punctually { for number in 1...swipes { try till.serve(number, at: kiosk) } }
    try kiosk.end()
    let counts = try kiosk.program.numbers(after: "counts:")
    let latency = try kiosk.program.numbers(after: "release-latency")
    let (released, late) = (counts["releases"] ?? 0, counts["late"] ?? 0)
    let waited = counts["waiting"] ?? 0
    findings.show("released, of these late", "\(released), \(late)")
    findings.show("late by, in us", overdue(in: kiosk.program.said))
    let shown = ["p50", "p99", "max"].map {
      "\($0) \(number(microseconds(latency[$0] ?? 0))) us"
    }
    findings.show("last edge to first byte, firmware's count", shown.joined(separator: ", "))
    findings.show("last edge to record read, register's clock", till.seen.words)
    findings.show("unreadable swipes", String(till.unreadable))
    findings.show("swipes the bench itself fed late", String(till.fedLate))
    let onTime = 100 * Double(released - late) / Double(max(released + waited, 1))
    // Of 60 swipes a single one is more than 1 %.
    findings.require(
      "released in [10 ms, 11 ms]", onTime, atLeast: options.quick ? 95 : 99, " %")
    findings.require("records released or read again", released + waited, exactly: till.records)
    findings.require("payments nothing came of", till.lost, exactly: 0)
    findings.require("occurrences the log lost", counts["unsaid"] ?? 0, exactly: 0)
  }

  /// By how much each late release was, from the firmware's log.
  private static func overdue(in said: String) -> String {
    let marker = "record released late, "
    let late = said.split(separator: "\n").compactMap { line -> Int? in
      guard let place = line.range(of: marker) else { return nil }
      return line[place.upperBound...].split(separator: " ").first.flatMap { Int($0) }
    }
    return late.isEmpty ? "-" : late.sorted().map { String($0 - 11_000) }.joined(separator: " ")
  }
}

/// Takes payment after payment and keeps what came of them.
struct SwipingTill {
  /// From the last edge to the read that returned the record's end.
  var seen = Durations(numberOfSignificantValueDigits: .three)
  var records: UInt64 = 0
  var unreadable: UInt64 = 0
  var lost: UInt64 = 0
  /// Swipes whose edges the bench itself handed over after their time.
  var fedLate: UInt64 = 0

  mutating func serve(_ number: Int, at kiosk: VirtualKiosk) throws {
    let reference = "BENCH-\(number)"
    var conditions = SwipeConditions()
    conditions.inchesPerSecond = Double(60 + number % 5 * 10)
    conditions.direction = number % 2 == 0 ? .backward : .forward
    let edges = TestCard.all[number % 3].edges(conditions, seed: UInt64(number))
    try kiosk.arm(.demo(reference, amount: UInt64(number)))
    let start = kiosk.register.heard.count
    let lastEdge = try kiosk.feed.play(edges)
    if kiosk.feed.lag > .milliseconds(0) { fedLate += 1 }
    guard let heard = kiosk.register.wait(from: start, within: 3, { $0.endsSwipe }) else {
      lost += 1
      return try abandon(reference, at: kiosk)
    }
    if heard.sealed.isEmpty {
      unreadable += 1
      return try abandon(reference, at: kiosk)
    }
    records += 1
    seen.record(UInt64(max((heard.at - lastEdge).nanoseconds, 0)))
  }

  private func abandon(_ reference: String, at kiosk: VirtualKiosk) throws {
    let start = kiosk.register.heard.count
    kiosk.register.ask(.abort(.init(reference)))
    let ended = kiosk.register.wait(from: start) {
      if case .event(let event) = $0.event { event.isFinal } else { false }
    }
    if ended == nil { throw KioskFailure("\(reference) was not abandoned") }
  }
}
