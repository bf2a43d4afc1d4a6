// `bench simulate`: many seeded worlds, whose every promise must hold.

import ArgumentParser
import Foundation
import Glibc
import Octets
import Simulator
import Synchronization

struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Seeded worlds around a simulated kiosk: whatever goes wrong, every promise holds.",
    discussion: "World k has the seed S + k. With a planted bug the first world that finds it ends."
  )

  @Option(help: "The seed of the first world.")
  var seed: UInt64 = 1
  @Option(help: "How many worlds.")
  var seeds = 200
  @Option(help: "Payments in each world, 1 to \(World.capacity).")
  var payments = 6
  @Option(help: "Threads.")
  var jobs = 1
  @Option(help: "A bug to plant: \(Canary.names).")
  var canary: String?
  @Flag(help: "Print what happens in each world.")
  var transcript = false

  private static let piece = 16

  func validate() throws {
    guard (1...World.capacity).contains(payments) else {
      throw ValidationError("--payments is 1 to \(World.capacity)")
    }
    guard (1...1_000_000_000).contains(seeds) else {
      throw ValidationError("--seeds is 1 to 1000000000")
    }
    guard (1...256).contains(jobs) else { throw ValidationError("--jobs is 1 to 256") }
    guard canary == nil || planted != nil else {
      throw ValidationError("--canary is one of \(Canary.names)")
    }
  }

  fileprivate var planted: Canary? { Canary.allCases.first { "\($0)" == canary } }

  func run() throws {
    print("seed \(seed), \(seeds) worlds of \(payments) payments")
    fflush(nil)
    let start = Date()
    let sum = Mutex(WorldSum())
    let command = self
    onAllProcessors(
      transcript ? 1 : jobs, count: (seeds + Self.piece - 1) / Self.piece,
      { piece in
        var part = WorldSum()
        for number in piece * Self.piece..<min(command.seeds, (piece + 1) * Self.piece)
        where command.planted == nil || sum.withLock({ $0.broken.isEmpty }) {
          part.add(command.seed &+ UInt64(number), command)
        }
        return part
      }, collect: { _, part in sum.withLock { $0 += part } })
    try sum.withLock { $0 }.conclude(command, seconds: -start.timeIntervalSinceNow)
  }
}

/// What many worlds come to.
private struct WorldSum: Sendable {
  var worlds = 0
  var total = WorldTally()
  var broken: [(seed: UInt64, violation: Violation)] = []

  mutating func add(_ seed: UInt64, _ command: SimulateCommand) {
    var world = World(seed: seed, payments: command.payments, canary: command.planted)
    if command.transcript {
      print("seed \(seed)")
      fflush(nil)
    }
    world.run { line in
      if command.transcript { line.withUnsafeBytes { FileHandle.standardOutput.write(Data($0)) } }
    }
    worlds += 1
    total += world.tally
    if let violation = world.violation { broken.append((seed, violation)) }
  }

  static func += (sum: inout WorldSum, part: WorldSum) {
    sum.worlds += part.worlds
    sum.total += part.total
    sum.broken += part.broken
  }

  func conclude(_ command: SimulateCommand, seconds: Double) throws {
    let rate = Double(total.payments) / seconds
    print(
      """
      \(worlds) worlds, \(total.payments) payments, \(total.records) records, \
      \(total.taps) of them of taps, \(total.sessions) sessions
      outages: \(total.controllerOutages) of the controller, \(total.registerOutages) of the \
      register
      \(total.time.nanoseconds / 1_000_000_000) virtual seconds in \(seconds.fixed(1)) s: \
      \(rate.fixed(0)) payments/s on \(command.jobs) core\(command.jobs == 1 ? "" : "s")
      """)
    for (seed, violation) in broken.sorted(by: { $0.seed < $1.seed }).prefix(20) {
      let canary = command.canary.map { " --canary \($0)" } ?? ""
      print(
        """
        seed \(seed): \(violation)
          again: bench simulate --seed \(seed) --seeds 1 --payments \(command.payments)\(canary) \
        --transcript
        """)
    }
    if command.planted != nil {
      guard broken.isEmpty else { return print("the planted bug was found") }
      print("the planted bug was NOT found")
      throw ExitCode(1)
    }
    guard broken.isEmpty else { throw ExitCode(1) }
    print("every promise held")
  }
}

extension Canary {
  fileprivate static var names: String { allCases.map { "\($0)" }.joined(separator: ", ") }
}
