// `bench journal`: what the journal costs the loop. The real program takes the same swipes with its
// state on the disk and in memory, where a commit waits for nothing; beside it a loop that commits
// within its tick, as the program does not. Then a disk that stands still while cards are swiped.

import ArgumentParser
import Foundation
import Journal
import Link
import Octets
import Simulator

struct JournalCommand: MeasureCommand {
  static let configuration = CommandConfiguration(
    commandName: "journal", abstract: "Ticks beside the journal, and a disk that stands still.")
  @OptionGroup var options: MeasureOptions

  static func measure(_ options: MeasureOptions, _ findings: inout Findings) throws {
    let (rounds, swipes) = options.quick ? (1, 20) : (5, 100)
    findings.section("tick execution, medians of \(rounds) interleaved rounds of \(swipes) swipes")
    var onDisk: [TickTimes] = []
    var inMemory: [TickTimes] = []
    var within: [TickTimes] = []
    for _ in 0..<rounds {
      let real = try swipe(swipes, options.command, under: NSTemporaryDirectory())
      onDisk.append(real)
      inMemory.append(try swipe(swipes, options.command, under: "/dev/shm/"))
      within.append(try committing(swipes, every: real.count / max(real.records, 1)))
    }
    findings.show("journal on the disk", TickTimes.words(onDisk))
    findings.show("journal in memory", TickTimes.words(inMemory))
    findings.show("a loop that commits within its tick", TickTimes.words(within))
    let ratio = median(onDisk.map(\.p999)) / median(inMemory.map(\.p999))
    if options.quick {
      findings.show("on the disk / in memory, p99.9", number(ratio))
    } else {
      // As two equal C loops at p99: see docs/BENCH.md.
      findings.require("on the disk / in memory, p99.9", ratio, atMost: 2.4)
    }
    try standStill(options, &findings)
  }

  /// The program's own count of its ticks while so many cards are swiped.
  private static func swipe(
    _ count: Int, _ command: [String], under parent: String
  ) throws -> TickTimes {
    let kiosk = try VirtualKiosk(command, under: parent)
    var till = SwipingTill()
    try punctually { for number in 1...count { try till.serve(number, at: kiosk) } }
    try kiosk.end()
    return TickTimes(
      firmware: try kiosk.program.numbers(after: "tick-execution"), records: till.records)
  }

  /// Ticks of a millisecond that do nothing, but for one in `step`, which commits a record.
  private static func committing(_ records: Int, every step: Int) throws -> TickTimes {
    let folder = URL(fileURLWithPath: NSTemporaryDirectory() + "tillgate-log-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var desk = JournalDesk(
      try open(folder.appendingPathComponent("log.db").path),
      policy: JournalPolicy(keptRecords: 100_000, keptMilliseconds: 1 << 40, reserveBytes: 0))
    guard let bytes = RecordBytes([UInt8](repeating: 0xA5, count: 415).span) else {
      throw KioskFailure("a record of 415 bytes fits")
    }
    var times = Durations(numberOfSignificantValueDigits: .three)
    punctually {
      var slot = monotonicNow()
      for tick in 0..<(records * step) {
        slot = slot + .milliseconds(1)
        sleepUntil(slot)
        let start = monotonicNow()
        var request: JournalRequest?
        if tick % step == 0 {
          let index = UInt64(tick / step)
          request = .append(
            index: index, Reference("J-\(index)"), unixMilliseconds: 0, bytes)
        }
        _ = desk.step(
          now: start, unixMilliseconds: nil,
          take: {
            defer { request = nil }
            return request
          }, tell: { _ in })
        times.record(since: start)
      }
    }
    guard desk.commits == UInt64(records) else { throw KioskFailure("not every record was stored") }
    return TickTimes(times, records: UInt64(records))
  }

  private static func open(_ path: String) throws -> Journal {
    guard let origin = Origin([UInt8](repeating: 7, count: 16).span),
      let board = Digest([UInt8](repeating: 9, count: 32).span)
    else { throw KioskFailure("16 and 32 bytes") }
    guard let place = strdup(path) else { throw SystemFailure("strdup") }
    defer { free(place) }
    return try place.withMemoryRebound(to: UInt8.self, capacity: 1) {
      try Journal(JournalFile(path: $0, board: board), beginning: origin, unixMilliseconds: 0)
    }
  }
}

// MARK: A disk that stands still

extension JournalCommand {
  private static let standing = 5

  /// Each card is swiped while the disk does not move; the next payment is answered only when the
  /// journal has looked for its reference, which shows that the disk did stand still.
  fileprivate static func standStill(_ options: MeasureOptions, _ findings: inout Findings) throws {
    let rounds = options.quick ? 2 : 20
    findings.section("\(rounds) cards swiped while the disk stands still, \(standing) s each time")
    guard geteuid() == 0 else {
      return findings.show("not measured", "only root may mount a disk and stop it")
    }
    let disk = try StoppableDisk()
    defer { disk.remove() }
    let kiosk = try VirtualKiosk(options.command, under: disk.folder + "/")
    var answered: [Double] = []
    try kiosk.arm(.demo("STILL-0", amount: 100))
    try punctually {
      for round in 1...rounds {
        try disk.stop(for: standing)
        try swipeUntilRead(round, at: kiosk)
        let asked = monotonicNow()
        try kiosk.arm(.demo("STILL-\(round)", amount: 100))
        answered.append(Double((monotonicNow() - asked).nanoseconds) / 1e9)
      }
    }
    kiosk.register.ask(.abort(.init("STILL-\(rounds)")))
    usleep(300_000)
    try kiosk.end()
    let counts = try kiosk.program.numbers(after: "counts:")
    let (released, late) = (counts["releases"] ?? 0, counts["late"] ?? 0)
    findings.show("until the next payment was answered, median", number(median(answered)) + " s")
    findings.require("the same, shortest", answered.min() ?? 0, atLeast: 2, " s")
    findings.show(
      "tick execution",
      TickTimes.words([
        TickTimes(
          firmware: try kiosk.program.numbers(after: "tick-execution"), records: UInt64(rounds))
      ]))
    findings.require("records released", released, exactly: UInt64(rounds))
    findings.require(
      "released in [10 ms, 11 ms]", 100 * Double(released - late) / Double(max(released, 1)),
      atLeast: 90, " %")
  }

  private static func swipeUntilRead(_ round: Int, at kiosk: VirtualKiosk) throws {
    var conditions = SwipeConditions()
    conditions.inchesPerSecond = 60
    for attempt in 0..<4 {
      let edges = TestCard.all[round % 3].edges(conditions, seed: UInt64(round * 4 + attempt))
      let start = kiosk.register.heard.count
      _ = try kiosk.feed.play(edges)
      guard let heard = kiosk.register.wait(from: start, within: 2, { $0.endsSwipe }) else {
        throw KioskFailure("nothing came of a swipe: \(kiosk.program.said)")
      }
      if !heard.sealed.isEmpty { return }
    }
    throw KioskFailure("four swipes could not be read")
  }
}

/// A file system in a file, which can be made to stand still: whoever writes waits.
private struct StoppableDisk {
  let folder: String
  private let image: String

  init() throws {
    let name = NSTemporaryDirectory() + "tillgate-disk-\(UUID().uuidString)"
    (folder, image) = (name, name + ".image")
    try Self.shell(
      "truncate -s 64M \(image) && mkfs.ext4 -q -F \(image) && mkdir \(folder) "
        + "&& mount -o loop \(image) \(folder)")
  }

  /// Returns when it stands still. It goes on by itself, whatever becomes of us.
  func stop(for seconds: Int) throws {
    // Foundation's Process would wait until also what thaws the disk again has ended.
    let status = system(
      "fsfreeze -f \(folder) || exit 1; "
        + "setsid sh -c 'sleep \(seconds); fsfreeze -u \(folder)' >/dev/null 2>&1 &")
    guard status == 0 else { throw KioskFailure("the disk cannot be stopped") }
  }

  func remove() {
    try? Self.shell("umount \(folder); rmdir \(folder); rm -f \(image)")
  }

  private static func shell(_ script: String) throws {
    let result = try Program.run("/bin/sh", ["-c", script], in: "/")
    guard result.status == 0 else { throw KioskFailure("\(script): \(result.said)") }
  }
}

/// How long ticks took, in nanoseconds.
private struct TickTimes {
  var p50: Double
  var p99: Double
  var p999: Double
  var most: Double
  var count: Int
  var records: Int

  init(firmware numbers: [String: UInt64], records: UInt64) {
    p50 = Double(numbers["p50"] ?? 0)
    p99 = Double(numbers["p99"] ?? 0)
    p999 = Double(numbers["p999"] ?? 0)
    most = Double(numbers["max"] ?? 0)
    count = Int(numbers["count"] ?? 0)
    self.records = Int(records)
  }

  init(_ times: Durations, records: UInt64) {
    p50 = Double(times.valueAtPercentile(50))
    p99 = Double(times.valueAtPercentile(99))
    p999 = Double(times.valueAtPercentile(99.9))
    most = Double(times.max)
    count = Int(times.totalCount)
    self.records = Int(records)
  }

  static func words(_ rounds: [TickTimes]) -> String {
    let parts: [(String, KeyPath<TickTimes, Double>)] = [
      ("p50", \.p50), ("p99", \.p99), ("p99.9", \.p999), ("max", \.most),
    ]
    return parts.map { name, what in
      "\(name) \(number(median(rounds.map { $0[keyPath: what] }) / 1_000)) us"
    }.joined(separator: ", ")
  }
}
