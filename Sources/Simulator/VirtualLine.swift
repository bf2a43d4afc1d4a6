// One direction of a serial line in virtual time: bytes leave at its speed, arrive later, and some
// of them not at all or changed.

import Octets

/// What goes wrong in a world, all of it from the seed. Nothing does by default.
public struct Faults: Sendable, BitwiseCopyable {
  /// The probability that a byte on the line is lost, and that one of its bits is flipped.
  public var lostBytes = 0.0
  public var flippedBits = 0.0
  /// The probability in each tick that the register's port goes away, for up to three seconds.
  public var unpluggedPorts = 0.0
  /// The probability in each tick that the loop is held up, for up to 40 ms.
  public var stalls = 0.0
  /// The probability in each tick that the capture is held up, for up to 30 ms.
  public var captureStalls = 0.0
  /// The probability that a swipe loses edges, and the capture says so.
  public var edgeGaps = 0.0
  /// The probability that a batch of keys takes up to two seconds to become durable.
  public var slowDisk = 0.0
  /// The probability that the register's program is restarted during a payment.
  public var registerRestarts = 0.0

  public init() {}

  /// Some of everything: which and how much depends on the seed. A quarter of all worlds is good.
  public static func mixed(_ random: inout SeededRandom) -> Faults {
    var faults = Faults()
    guard random.chance(0.75) else { return faults }
    if random.chance(0.5) { faults.lostBytes = 0.004 * random.unit() }
    if random.chance(0.5) { faults.flippedBits = 0.004 * random.unit() }
    if random.chance(0.3) { faults.unpluggedPorts = 0.000_2 * random.unit() }
    if random.chance(0.3) { faults.stalls = 0.01 * random.unit() }
    if random.chance(0.3) { faults.captureStalls = 0.01 * random.unit() }
    if random.chance(0.3) { faults.edgeGaps = 0.3 }
    if random.chance(0.3) { faults.slowDisk = 0.5 }
    if random.chance(0.3) { faults.registerRestarts = 0.4 }
    return faults
  }
}

/// Bytes under way. 32 KiB: to be made in its place.
struct VirtualLine: ~Copyable {
  private struct Flight: BitwiseCopyable {
    var arrival: Instant
    var byte: UInt8
  }

  /// What the sender's driver takes before the line has caught up: three frames.
  static let capacity = 2_048
  /// From the end of a byte to its being readable.
  static let propagation = Interval.microseconds(400)

  private var ring = InlineArray<2_048, Flight>(
    repeating: Flight(arrival: Instant(nanoseconds: 0), byte: 0))
  private var first = 0
  private var count = 0
  private var freeAt = Instant(nanoseconds: 0)
  private let byteTime: Interval

  init(byteTime: Interval) { self.byteTime = byteTime }

  /// Takes what there is room for; returns how many bytes that was.
  mutating func send(
    _ bytes: Span<UInt8>, now: Instant, _ faults: Faults, _ random: inout SeededRandom
  ) -> Int {
    let taken = min(bytes.count, Self.capacity - count)
    for index in 0..<taken {
      freeAt = max(freeAt, now) + byteTime
      if random.chance(faults.lostBytes) { continue }
      let flip: UInt8 = random.chance(faults.flippedBits) ? 1 &<< UInt8(random.below(8)) : 0
      ring[(first + count) % Self.capacity] = Flight(
        arrival: freeAt + Self.propagation, byte: bytes[index] ^ flip)
      count += 1
    }
    return taken
  }

  /// The next byte that has arrived by `now`.
  mutating func receive(now: Instant) -> UInt8? {
    guard count > 0, ring[first].arrival <= now else { return nil }
    defer {
      first = (first + 1) % Self.capacity
      count -= 1
    }
    return ring[first].byte
  }

  /// Loses everything under way.
  mutating func cut() { count = 0 }
}
