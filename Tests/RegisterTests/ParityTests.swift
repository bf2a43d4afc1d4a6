import Link
import Octets
import Register
import Testing

@Suite("Parity between a register and a controller")
struct RegisterParityTests {
  private static let size = 415

  /// A world with a session, and records of such a size delivered in it.
  private static func deliver(
    _ count: Int, seed: UInt64, _ faults: Faults, takesParity: Bool
  ) throws -> World {
    let world = try World(seed: seed, faults: faults)
    world.register {
      $0.takesParity = takesParity
      $0.tell(unixMilliseconds: 1_800_000_000_000, now: world.now)
    }
    #expect(world.run { isUp(world) })
    try send(count, in: world)
    return world
  }

  private static func send(_ count: Int, in world: World) throws {
    for _ in 0..<count {
      try world.append(
        (0..<size).map { _ in UInt8.random(in: 0...255, using: &world.random) })
      #expect(world.run { world.isDelivered })
    }
  }

  /// Frames of the controller's that a receiver without parity takes, of all.
  private static func plain(_ world: World, from start: Int = 0) -> (count: Int, of: Int) {
    let frames = world.recorded.toRegister.dropFirst(start)
    let taken = frames.filter { frame in
      var decoder = FrameDecoder()
      return frame.filter { decoder.feed($0) }.count == 1
    }
    return (taken.count, frames.count)
  }

  @Test("a register that says nothing of parity gets frames without, also of records")
  func without() throws {
    let world = try Self.deliver(5, seed: 1, Faults(), takesParity: false)
    let frames = Self.plain(world)
    #expect(frames.count == frames.of)
    #expect(world.taken.map(\.bytes) == world.log)
  }

  @Test("one that takes parity gets it with records and not with short messages")
  func with() throws {
    let world = try Self.deliver(5, seed: 1, Faults(), takesParity: true)
    let frames = Self.plain(world)
    #expect(frames.count == frames.of - 5)
    #expect(world.taken.map(\.bytes) == world.log)
    #expect(world.registerCounts.frames.repaired == 0)
    #expect(world.registerCounts.frames.noise == 0)
  }

  @Test("what one session's register takes, the next one's need not")
  func nextSession() throws {
    let world = try Self.deliver(3, seed: 2, Faults(), takesParity: true)
    let before = world.recorded.toRegister.count
    try world.restartRegister(held: world.held)
    world.register { $0.takesParity = false }
    world.run(3_000)
    try Self.send(3, in: world)
    let frames = Self.plain(world, from: before)
    #expect(frames.count == frames.of)
    #expect(world.taken.map(\.bytes) == world.log)
  }

  @Test("on a noisy line records are put right instead of sent again")
  func noisy() throws {
    // One wrong bit in 5,000: of 60 frames of 480 bytes, 32 are hit.
    let faults = Faults(flip: 16e-4)
    let with = try Self.deliver(60, seed: 3, faults, takesParity: true)
    let without = try Self.deliver(60, seed: 3, faults, takesParity: false)
    #expect(with.taken.map(\.bytes) == with.log && without.taken.map(\.bytes) == without.log)
    #expect(with.registerCounts.frames.repaired > 18)
    #expect(without.registerCounts.frames.repaired == 0)
    #expect(with.controllerCounts.repeats < 12 && without.controllerCounts.repeats > 24)
    #expect(with.registerCounts.sessions.forged == 0)
  }
}
