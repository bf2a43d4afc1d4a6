// When a register speaks: not before its deadlines, not after them, and not in vain.

import Link
import Octets
import Register
import Testing

@Suite("A register's deadlines")
struct DeadlineTests {
  @Test(
    "a register that sleeps until its deadline says nothing too late and never wakes for nothing",
    arguments: 0..<6)
  func deadlines(line: Int) throws {
    let world = try connected(seed: UInt64(60 + line), DialogueTests.lines[line].1)
    for number in 0..<20 {
      world.register {
        $0.pay(payment("sale \(number)"))
        $0.queryStatus(reference("sale \(number)"))
        $0.queryDiagnosis()
      }
      try world.append([UInt8(number)])
      world.run(Int.random(in: 1...400, using: &world.random))
    }
    world.register { $0.cancelRequests() }
    world.run(10_000)
    #expect(world.untimely == [])
  }

  @Test("a request that the controller cannot read is not said again")
  func unreadable() throws {
    let world = try connected(seed: 66)
    world.answers = { _ in nil }
    world.register { $0.pay(payment("unread")) }
    world.run(100)
    // {0: 31, 1: 1, 2: 9A}
    let error: [UInt8] = [0xA3, 0x00, 0x18, 0x1F, 0x01, 0x01, 0x02, 0x18, 0x9A]
    let message = try ControllerMessage(decoding: error.span)
    world.controller { $0.send(message) }
    let isTold = { world.registerEvents.contains { if case .error = $0 { true } else { false } } }
    #expect(world.run(until: isTold))
    let said = world.registerCounts.repeats
    world.run(20_000)
    #expect(world.registerCounts.repeats == said)
  }
}
