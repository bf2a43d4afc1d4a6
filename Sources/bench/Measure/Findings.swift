// What the benchmarks found, each number beside what it is held to, and the verdict over all.

import ArgumentParser
import Foundation
import Histogram
import Octets

/// What every benchmark takes.
struct MeasureOptions: ParsableArguments {
  @Option(help: "The firmware's program.")
  var firmware = ".build-fw/x86_64/tillgate"
  @Flag(help: "Few repetitions: to see that it works, not to quote.")
  var quick = false

  var command: [String] { [URL(fileURLWithPath: firmware).path] }
}

/// One benchmark, alone or as a part of `bench all`.
protocol MeasureCommand: ParsableCommand {
  var options: MeasureOptions { get }
  static func measure(_ options: MeasureOptions, _ findings: inout Findings) throws
}

extension MeasureCommand {
  func run() throws {
    var findings = Findings()
    try Self.measure(options, &findings)
    try findings.verdict()
  }
}

struct MeasureAllCommand: MeasureCommand {
  static let configuration = CommandConfiguration(
    commandName: "all", abstract: "Every benchmark; fails when a limit is broken.")
  @OptionGroup var options: MeasureOptions

  static func measure(_ options: MeasureOptions, _ findings: inout Findings) throws {
    try FootprintCommand.measure(options, &findings)
    try DecodeSpeedCommand.measure(options, &findings)
    try VaultSpeedCommand.measure(options, &findings)
    try CaptureCommand.measure(options, &findings)
    try MixedCommand.measure(options, &findings)
    try TicksCommand.measure(options, &findings)
    try ReleasesCommand.measure(options, &findings)
    try JournalCommand.measure(options, &findings)
    try TapCommand.measure(options, &findings)
    try DialogueCommand.measure(options, &findings)
    try GoodputCommand.measure(options, &findings)
  }
}

/// Prints each number as it is found and remembers which limits were broken.
struct Findings {
  private var broken: [String] = []

  func section(_ title: String) {
    print(title)
    fflush(nil)
  }

  /// A number without a limit.
  func show(_ name: String, _ value: String) { print(line(name, value)) }

  /// A number that may be at most `limit`.
  mutating func require(
    _ name: String, _ value: Double, atMost limit: Double, _ unit: String = ""
  ) {
    judge(name, value, "at most", limit, unit, holds: value <= limit)
  }

  /// A number that must be at least `limit`.
  mutating func require(
    _ name: String, _ value: Double, atLeast limit: Double, _ unit: String = ""
  ) {
    judge(name, value, "at least", limit, unit, holds: value >= limit)
  }

  /// A count that must be `expected`.
  mutating func require(_ name: String, _ value: UInt64, exactly expected: UInt64) {
    judge(name, Double(value), "exactly", Double(expected), "", holds: value == expected)
  }

  private mutating func judge(
    _ name: String, _ value: Double, _ relation: String, _ limit: Double, _ unit: String,
    holds: Bool
  ) {
    let shown = number(value) + unit
    print(line(name, shown) + "  \(relation) \(number(limit))\(unit)  \(holds ? "ok" : "BROKEN")")
    if !holds { broken.append("\(name): \(shown)") }
  }

  private func line(_ name: String, _ value: String) -> String {
    "   " + name.padding(toLength: max(46, name.count), withPad: " ", startingAt: 0) + " " + value
  }

  func verdict() throws {
    guard broken.isEmpty else {
      throw KioskFailure("limits broken: " + broken.joined(separator: "; "))
    }
    print("every limit holds")
  }
}

/// Whole numbers plainly, others with two digits.
func number(_ value: Double) -> String {
  value == value.rounded() && abs(value) < 1e15
    ? String(format: "%.0f", value) : String(format: "%.2f", value)
}

func microseconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1_000 }

/// Durations in nanoseconds, to three digits.
typealias Durations = Histogram<UInt64>

extension Durations {
  /// `p50 … p99 … max …` in microseconds.
  var words: String {
    "p50 \(number(microseconds(valueAtPercentile(50)))) us, "
      + "p99 \(number(microseconds(valueAtPercentile(99)))) us, "
      + "max \(number(microseconds(max))) us"
  }

  mutating func record(since start: Instant) {
    record(UInt64(Swift.max((monotonicNow() - start).nanoseconds, 0)))
  }
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

extension Program {
  /// The numbers `name=value` in the last line that starts with `start`.
  func numbers(after start: String) throws -> [String: UInt64] {
    guard let line = said.split(separator: "\n").last(where: { $0.hasPrefix(start) }) else {
      throw KioskFailure("no line `\(start)` from the firmware, which said:\n\(said)")
    }
    return numbersNamed(in: line)
  }
}

/// The numbers `name=value` of a line.
func numbersNamed(in line: some StringProtocol) -> [String: UInt64] {
  var numbers: [String: UInt64] = [:]
  for word in line.split(whereSeparator: \.isWhitespace) {
    let parts = word.split(separator: "=")
    if parts.count == 2, let value = UInt64(parts[1]) { numbers[String(parts[0])] = value }
  }
  return numbers
}

/// Runs `body` at a real-time priority, if that is allowed. Programs are started outside of it: all
/// their threads would inherit the priority.
func punctually<R>(_ body: () throws -> R) rethrows -> R {
  raiseOwnPriority(45)
  defer {
    var ordinary = sched_param(sched_priority: 0)
    _ = pthread_setschedparam(pthread_self(), SCHED_OTHER, &ordinary)
  }
  return try body()
}
