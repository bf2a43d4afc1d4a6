// `bench magstripe table`: how many tracks are read, against speed, jitter and acceleration.

import ArgumentParser
import Foundation
import Magstripe
import Simulator
import Synchronization

struct TableCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table", abstract: "Read rate against speed, jitter and acceleration.",
    discussion: "Cards enter at the speed in the head of the column and leave at the ratio times "
      + "that, every second one backwards. In each block, cell n has the seeds from S + n × "
      + "swipes on. Fails if a cell within the promise is below 100 %.")

  @Option(help: "The seed of the first swipe.")
  var seed: UInt64 = 1
  @Option(help: "Swipes of three tracks for each cell.")
  var swipes = 200
  @Option(help: "Threads; all processors if not given.")
  var jobs: Int?

  func validate() throws {
    guard (1...1_000_000).contains(swipes) else {
      throw ValidationError("--swipes is 1 to 1000000")
    }
    if let jobs, !(1...256).contains(jobs) { throw ValidationError("--jobs is 1 to 256") }
  }

  func run() throws {
    print("seed \(seed), \(swipes) swipes in each cell; % of tracks read")
    print("* outside the promise: 3 to 100 in/s all the way, at most ±15 % jitter, 2:1")
    var shortfalls = 0
    for head in HeadKind.allCases {
      for ratio in Cell.ratios {
        let rates = rates(head, ratio)
        show(rates, head, ratio)
        shortfalls += rates.count { $0.cell.isPromised && $0.tally.read < $0.tally.tracks }
        shortfalls += rates.count { $0.tally.falselyRead > 0 }
      }
    }
    guard shortfalls == 0 else {
      print("\n\(shortfalls) cells break the promise")
      throw ExitCode(1)
    }
    print("\nall cells within the promise: 100 %")
  }

  private struct Rate: Sendable {
    var cell: Cell
    var tally = StripeTally()
  }

  private func rates(_ head: HeadKind, _ ratio: Double) -> [Rate] {
    let cells = Cell.jitters.flatMap { jitter in
      Cell.speeds.map { Cell(head: head, ratio: ratio, jitter: jitter, speed: $0) }
    }
    let (first, swipes) = (seed, swipes)
    let rates = Mutex(cells.map { Rate(cell: $0) })
    onAllProcessors(
      jobs ?? ProcessInfo.processInfo.activeProcessorCount, count: cells.count,
      { cells[$0].tally(swipes, seed: first &+ UInt64($0 * swipes)) },
      collect: { index, tally in rates.withLock { $0[index].tally = tally } })
    return rates.withLock { $0 }
  }

  private func show(_ rates: [Rate], _ head: HeadKind, _ ratio: Double) {
    print("\n\(head.rawValue), exit speed \(ratio.fixed(1)) × entry speed")
    print("  jitter" + Cell.speeds.map { String(format: "%4.0f in/s", $0) }.joined())
    for row in stride(from: 0, to: rates.count, by: Cell.speeds.count) {
      let cells = rates[row..<row + Cell.speeds.count].map { rate in
        let share = 100 * Double(rate.tally.read) / Double(max(1, rate.tally.tracks))
        // Rounded down: 100 means all of them.
        let shown = ((share * 10).rounded(.down) / 10).fixed(1)
        return String(repeating: " ", count: 8 - shown.count) + shown
          + (rate.cell.isPromised ? " " : "*")
      }
      print(String(format: "  ±%2.0f %% ", rates[row].cell.jitter * 100) + cells.joined())
    }
  }
}

/// One cell of the table.
private struct Cell: Sendable {
  static let speeds = [3.0, 5, 10, 20, 40, 60, 100]
  static let jitters = [0.0, 0.05, 0.10, 0.15, 0.20]
  static let ratios = [1.0, 2, 0.5]

  var head: HeadKind
  var ratio: Double
  var jitter: Double
  var speed: Double

  var isPromised: Bool { jitter <= 0.15 && (3...100).contains(speed * ratio) }

  func tally(_ swipes: Int, seed: UInt64) -> StripeTally {
    var conditions = SwipeConditions()
    conditions.kind = head.kind
    conditions.inchesPerSecond = speed
    conditions.speedRatio = ratio
    conditions.jitter = jitter
    var trial = StripeTrial(head.kind)
    for index in 0..<swipes {
      conditions.direction = index.isMultiple(of: 2) ? .forward : .backward
      trial.swipe(conditions, seed: seed &+ UInt64(index))
    }
    return trial.tally
  }
}
