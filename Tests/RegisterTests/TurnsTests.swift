import Link
import Octets
import Register
import Testing

private let secretC = [UInt8](2..<34)
private let publicC: [UInt8] = [
  0xAB, 0x9F, 0x26, 0x28, 0xC3, 0x25, 0xC1, 0x41, 0xE9, 0xFB, 0x24, 0x30, 0xF1, 0x06, 0x85, 0x0F,
  0x62, 0x93, 0x0B, 0xC3, 0xF0, 0xB1, 0x2D, 0xF3, 0x9A, 0x9B, 0x84, 0xA4, 0x9C, 0x7C, 0x1D, 0x12,
]

@Suite("Registers that take turns at one controller")
struct TurnsTests {
  private static func append(_ count: Int, to world: World) throws {
    for _ in 0..<count {
      let size = Int.random(in: 100...500, using: &world.random)
      try world.append((0..<size).map { _ in UInt8.random(in: 0...255, using: &world.random) })
    }
  }

  @Test(
    "one that was just paired gets the backlog that the first left, and the first what it missed",
    arguments: [Faults(), Faults(flip: 5e-4, loss: 1e-4)])
  func backlog(faults: Faults) throws {
    let world = try connected(seed: 31, faults)
    try Self.append(10, to: world)
    #expect(world.run { world.isDelivered })
    let held = world.held
    // The first stores nothing any more: what it is sent it loses with its power.
    world.acknowledges = false
    try Self.append(40, to: world)
    world.run(3_000)
    #expect(!world.isDelivered && world.taken.count > 10)

    let before = world.taken.count
    world.acknowledges = true
    let second = PublicKey(publicC.span)
    try world.controller { link in try link.pin(#require(second)) }
    try world.restartRegister(held: nil, secret: secretC)
    #expect(world.run { world.isDelivered })
    #expect(world.taken.dropFirst(before).map(\.bytes) == world.log)
    let root = world.held?.tree.root
    #expect(world.isReconciled)

    let again = world.taken.count
    try world.restartRegister(held: held)
    #expect(world.run { world.held?.size == 50 })
    #expect(world.taken.dropFirst(again).map(\.bytes) == Array(world.log.dropFirst(10)))
    #expect(world.held?.tree.root == root && world.isReconciled)
    #expect(world.registerCounts.sessions.forged == 0)
  }
}
