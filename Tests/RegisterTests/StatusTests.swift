// What a register hears when it asks what became of a transaction, and when.

import Link
import Octets
import Register
import Testing

@Suite("A question for a transaction's status")
struct StatusTests {
  @Test("a processed transaction's record is handed out again, on a bad line too")
  func status() throws {
    let world = try connected(seed: 9, Faults(flip: 0.001, loss: 0.001))
    try world.append([1, 2, 3])
    #expect(world.run { world.isDelivered })
    world.register { $0.queryStatus(reference("t")) }
    let origin = Origin([UInt8](repeating: 7, count: 16).span)!
    #expect(
      world.run {
        let asked = world.controllerEvents.last == .transactionStatus(reference("t"))
        if asked {
          world.controller {
            $0.send(
              .transactionStatus(
                TransactionStatus(reference("t"), .processed(origin: origin, index: 0))))
            $0.sendCopy(index: 0, sealed: [1, 2, 3].span)
          }
          world.run(100)
        }
        return !world.copies.isEmpty
      })
    #expect(world.copies == [[1, 2, 3]])
    world.run(10_000)
    #expect(world.copies.count == 1)
    #expect(world.taken.count == 1)
  }

  @Test("a payment that is still repeated is not asked about, nor given up as not found")
  func statusOfRepeated() throws {
    let world = try connected(seed: 13)
    world.answers = { _ in nil }
    let question = ControllerEvent.transactionStatus(reference("a"))
    let answer = TransactionStatus(reference("a"), .notFound)
    let isTold = { world.registerEvents.contains(.status(answer)) }
    world.register { $0.queryStatus(reference("a")) }
    #expect(world.run { world.controllerEvents.last == question })
    world.register { $0.pay(payment("a")) }
    world.controller { $0.send(.transactionStatus(answer)) }
    world.run(3_000)
    #expect(!isTold())
    #expect(world.controllerEvents.filter { $0 == question }.count == 1)
    let refusal = Response(to: .payment, reference("a"), isAccepted: false, reason: .pleaseWait)
    world.controller { $0.answer(refusal) }
    #expect(world.run { world.controllerEvents.filter { $0 == question }.count == 2 })
    world.controller { $0.send(.transactionStatus(answer)) }
    #expect(world.run(until: isTold))
  }

  @Test("a copy that overtakes its record is taken in its turn, as the record")
  func overtaking() throws {
    let world = try connected(seed: 14)
    try world.append([1])
    #expect(world.run { world.isDelivered })
    world.register { $0.queryStatus(reference("t")) }
    let question = ControllerEvent.transactionStatus(reference("t"))
    #expect(world.run { world.controllerEvents.last == question })
    let origin = Origin([UInt8](repeating: 7, count: 16).span)!
    let state = TransactionStatus.State.processed(origin: origin, index: 2)
    world.faults = Faults(loss: 1)
    for number in UInt8(2)...3 { try world.append([number]) }
    world.run(30)
    world.faults = Faults()
    world.controller {
      $0.send(.transactionStatus(TransactionStatus(reference("t"), state)))
      $0.sendCopy(index: 2, sealed: [3].span)
    }
    let answer = RegisterEvent.status(TransactionStatus(reference("t"), state))
    #expect(world.run { world.registerEvents.last == answer })
    #expect(world.taken.count == 1)
    #expect(world.run { world.taken.count == 3 })
    #expect(world.taken.map(\.bytes) == [[1], [2], [3]] && world.copies.isEmpty)
    let asked = world.controllerEvents.filter { $0 == question }.count
    world.run(10_000)
    #expect(world.controllerEvents.filter { $0 == question }.count == asked)
  }

  @Test("a record of this log is not taken for one of an older log with the same number")
  func copyOfOlderLog() throws {
    let world = try connected(seed: 15)
    let older = Origin([UInt8](repeating: 6, count: 16).span)!
    world.register { $0.queryStatus(reference("t")) }
    let question = ControllerEvent.transactionStatus(reference("t"))
    #expect(world.run { world.controllerEvents.last == question })
    let state = TransactionStatus.State.processed(origin: older, index: 0)
    world.controller { $0.send(.transactionStatus(TransactionStatus(reference("t"), state))) }
    world.run(100)
    try world.append([1])
    #expect(world.run { world.taken.count == 1 })
    world.controller { $0.sendCopy(index: 0, of: older, sealed: [9].span) }
    #expect(world.run { world.copies == [[9]] })
  }
}
