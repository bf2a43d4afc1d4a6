// `bench magstripe trial`: a great many bad swipes. None may be read as what it is not.

import ArgumentParser
import Foundation
import Magstripe
import Simulator
import Synchronization

struct TrialCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trial", abstract: "Noisy swipes of random cards: none may be read falsely.",
    discussion: "Half of the swipes are for each kind of head. Swipe k has the seed S + k.")

  @Option(help: "How many.")
  var swipes: Int
  @Option(help: "The seed of the first swipe.")
  var seed: UInt64 = 1
  @Option(help: "Threads; all processors if not given.")
  var jobs: Int?
  @Option(help: "Only this kind of head: f2f or clock-data.")
  var head: HeadKind?

  private static let piece = 2_000

  func validate() throws {
    guard (1...1_000_000_000).contains(swipes) else {
      throw ValidationError("--swipes is 1 to 1000000000")
    }
    if let jobs, !(1...256).contains(jobs) { throw ValidationError("--jobs is 1 to 256") }
  }

  func run() throws {
    print("seed \(seed), \(swipes) swipes")
    let start = Date()
    var isFalse = false
    let heads = head.map { [$0] } ?? HeadKind.allCases
    for (index, head) in heads.enumerated() {
      // What does not divide goes to the first.
      let share = swipes / heads.count + (index < swipes % heads.count ? 1 : 0)
      let tally = tally(head, share)
      Self.show(tally, head)
      if tally.falselyRead > 0 { isFalse = true }
    }
    print("\((-start.timeIntervalSinceNow).fixed(1)) s")
    if isFalse { throw ExitCode(1) }
  }

  private func tally(_ head: HeadKind, _ swipes: Int) -> StripeTally {
    let (first, kind) = (seed, head.kind)
    let sum = Mutex(StripeTally())
    let pieces = (swipes + Self.piece - 1) / Self.piece
    onAllProcessors(
      jobs ?? ProcessInfo.processInfo.activeProcessorCount, count: pieces,
      { piece in
        var trial = StripeTrial(kind)
        for index in piece * Self.piece..<min(swipes, (piece + 1) * Self.piece) {
          trial.swipeNoisily(seed: first &+ UInt64(index))
        }
        return trial.tally
      }, collect: { _, part in sum.withLock { $0 += part } })
    return sum.withLock { $0 }
  }

  private static func show(_ tally: StripeTally, _ head: HeadKind) {
    func row(_ name: String, _ count: Int) {
      let share = 100 * Double(count) / Double(max(1, tally.tracks))
      let label = name.padding(toLength: 20, withPad: " ", startingAt: 0)
      print("  \(label)\(String(format: "%9d %7.3f %%", count, share))")
    }
    print("\(head.rawValue): \(tally.swipes) swipes, \(tally.tracks) tracks")
    row("read", tally.read)
    for reason in tally.reasons where reason.count > 0 { row(reason.name, reason.count) }
    row("falsely read", tally.falselyRead)
    if let seed = tally.firstFalseSeed {
      print("  again: bench magstripe trial --swipes 1 --head \(head.rawValue) --seed \(seed)")
    }
  }
}
