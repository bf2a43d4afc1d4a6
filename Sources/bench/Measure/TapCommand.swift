// `bench tap`: where the time of a tap goes, by the chip's own record, at two rates; the same card
// read by libnfc through the same virtual chip; and how the tick fares meanwhile.

import ArgumentParser
import Foundation
import Link
import Octets
import Simulator

struct TapCommand: MeasureCommand {
  static let configuration = CommandConfiguration(
    commandName: "tap", abstract: "A tap's time: card, radio, wire and our own; beside libnfc.")
  @OptionGroup var options: MeasureOptions

  /// Mastercard's dialogue: directory, application, options, record, cryptogram.
  private static var card: VirtualCard { VirtualCard(.payment(PaymentCard(.mastercard))) }

  static func measure(_ options: MeasureOptions, _ findings: inout Findings) throws {
    let taps = options.quick ? 6 : 40
    for rate in [115_200, 921_600] {
      findings.section("a Mastercard tapped \(taps) times, reader at \(rate) baud, medians")
      let seconds = options.quick ? 4 : 12
      let idle = try idleLateness(options.command, rate, seconds: seconds)
      let kiosk = try VirtualKiosk(options.command, readerBaud: rate)
      guard kiosk.program.line(containing: "the contactless reader answers") != nil else {
        throw KioskFailure("no reader; the firmware said:\n\(kiosk.program.said)")
      }
      var run = TapSplit()
      try punctually { for number in 1...taps { try run.tap(number, card, at: kiosk) } }
      try kiosk.end()
      run.report(&findings)
      try ticks(kiosk, idle, &findings)
      try compare(run, rate, &findings)
    }
  }

  private static func idleLateness(
    _ command: [String], _ rate: Int, seconds: Int
  ) throws -> Lateness {
    let kiosk = try VirtualKiosk(command, readerBaud: rate)
    Thread.sleep(forTimeInterval: Double(seconds))
    kiosk.close()
    return Lateness(nanoseconds: try kiosk.program.numbers(after: "tick-lateness"))
  }

  private static func ticks(
    _ kiosk: VirtualKiosk, _ idle: Lateness, _ findings: inout Findings
  ) throws {
    let lateness = Lateness(nanoseconds: try kiosk.program.numbers(after: "tick-lateness"))
    let work = try kiosk.program.numbers(after: "tick-execution")
    findings.show("tick lateness, nobody taps", Lateness.words([idle]))
    findings.show("tick lateness while cards are tapped", Lateness.words([lateness]))
    findings.require("the latter / the former, p50", lateness.p50 / idle.p50, atMost: 1.35)
    findings.require(
      "work in a tick, p99", microseconds(work["p99"] ?? 0), atMost: 500, " us")
    let counts = try kiosk.program.numbers(after: "counts:")
    let (released, late) = (counts["releases"] ?? 0, counts["late"] ?? 0)
    let onTime = 100 * Double(released - late) / Double(max(released, 1))
    findings.require("released in [10 ms, 11 ms] after the last byte", onTime, atLeast: 90, " %")
  }

  /// libnfc sends the commands that our reader sent to the same card, through the same chip.
  private static func compare(
    _ run: TapSplit, _ rate: Int, _ findings: inout Findings
  ) throws {
    // libnfc stays at 115,200.
    guard rate == 115_200 else { return }
    let server = try ChipServer()
    defer { server.stop() }
    var seen: [TapTimes] = []
    for _ in 0..<5 {
      server.present([card])
      let commands = run.commands.map(hexadecimal)
      let result = try Program.run(
        "/usr/bin/env", ["python3", "Tests/peers/libnfc_tap.py", server.line.path] + commands,
        in: FileManager.default.currentDirectoryPath)
      guard result.status == 0, let times = server.times else {
        throw KioskFailure("libnfc (Debian package libnfc-bin): \(result.said)")
      }
      seen.append(times)
      server.present([])
    }
    let theirs = median(seen.map { $0.outside.inMilliseconds })
    findings.show("libnfc, the same commands: " + TapSplit.parts, TapSplit.words(seen))
    findings.require(
      "all but card and radio, ours / libnfc's", run.outside / theirs, atMost: 1.05)
  }
}

/// The taps of one run, and where their time went.
struct TapSplit {
  static let parts = "card, radio, wire and chip, host"
  private var times: [TapTimes] = []
  private var least: [Double] = []
  private var records: [Double] = []
  private(set) var commands: [[UInt8]] = []
  private var torn = 0

  /// Everything but card and radio, in milliseconds.
  var outside: Double { median(times.map { $0.outside.inMilliseconds }) }

  mutating func tap(_ number: Int, _ card: VirtualCard, at kiosk: VirtualKiosk) throws {
    let reference = "TAP-\(number)"
    try kiosk.arm(.demo(reference, amount: 1_250, methods: .contactless))
    usleep(UInt32(20_000 + number * 1_700 % 40_000))
    let start = kiosk.register.heard.count
    let at = monotonicNow()
    kiosk.chip.present([card])
    guard let heard = kiosk.register.wait(from: start, { $0.endsSwipe }), !heard.sealed.isEmpty
    else { throw KioskFailure("no record of \(reference); firmware: \(kiosk.program.said)") }
    let transcript = kiosk.chip.cards.first?.transcript ?? []
    if let tap = kiosk.chip.times {
      times.append(tap)
      // What the exchanges need at least: 26 bytes around each command and answer.
      let bytes = transcript.reduce(0) { $0 + $1.command.count + $1.answer.count + 26 }
      least.append(Double(tap.bytes) / Double(bytes))
    }
    records.append((heard.at - at).inMilliseconds)
    commands = transcript.map(\.command)
    kiosk.chip.present([])
    usleep(120_000)
  }

  func report(_ findings: inout Findings) {
    findings.show("exchanges, bytes on the wire", "\(times[0].exchanges), \(times[0].bytes)")
    findings.show("card found to last byte: " + Self.parts, Self.words(times))
    findings.show(
      "held before the reader to record read", "\(number(median(records))) ms, slot of 10 ms in it")
    findings.require(
      "our own time, of all exchanges", median(times.map { $0.host.inMilliseconds }), atMost: 1,
      " ms")
    findings.require("bytes on the wire / needed", median(least), atMost: 1.05)
  }

  static func words(_ times: [TapTimes]) -> String {
    func middle(_ part: (TapTimes) -> Interval) -> String {
      number(median(times.map { part($0).inMilliseconds }))
    }
    return [
      middle(\.card), middle(\.radio), middle { $0.wireAndChip }, middle(\.host),
    ].joined(separator: " + ") + " = " + middle(\.total) + " ms"
  }
}

extension TapTimes {
  var outside: Interval { total - card - radio }
  var wireAndChip: Interval { outside - host }
}

extension Interval {
  fileprivate static func - (left: Interval, right: Interval) -> Interval {
    Interval(nanoseconds: left.nanoseconds - right.nanoseconds)
  }
  fileprivate var inMilliseconds: Double { Double(nanoseconds) / 1e6 }
}
