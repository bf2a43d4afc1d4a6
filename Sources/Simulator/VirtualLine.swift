// One direction of a serial line in virtual time: bytes leave at its speed, arrive later, and some
// of them not at all or changed.

import Octets

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
  /// When the packet that is being filled arrives.
  private var packetDue = Instant(nanoseconds: 0)
  private let byteTime: Interval

  init(byteTime: Interval) { self.byteTime = byteTime }

  /// Takes what there is room for; returns how many bytes that was.
  mutating func send(
    _ bytes: Span<UInt8>, now: Instant, _ faults: Faults, _ random: inout SeededRandom
  ) -> Int {
    let taken = min(bytes.count, Self.capacity - count)
    for index in 0..<taken {
      freeAt = max(freeAt, now) + byteTime
      if faults.packets > .milliseconds(0), packetDue < freeAt { startPacket(faults, &random) }
      if random.chance(faults.lostBytes) { continue }
      let flip: UInt8 = random.chance(faults.flippedBits) ? 1 &<< UInt8(random.below(8)) : 0
      put(bytes[index] ^ flip)
      if random.chance(faults.doubledBytes), count < Self.capacity { put(bytes[index]) }
    }
    return taken
  }

  private mutating func startPacket(_ faults: Faults, _ random: inout SeededRandom) {
    let longest = random.chance(faults.fadedPackets) ? .seconds(4) : faults.packets
    packetDue = freeAt + .microseconds(Int64(random.below(Int(longest.nanoseconds / 1_000))))
  }

  private mutating func put(_ byte: UInt8) {
    guard count < Self.capacity else { return }
    let arrival = max(freeAt, packetDue) + Self.propagation
    ring[(first + count) % Self.capacity] = Flight(arrival: arrival, byte: byte)
    count += 1
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

  var isEmpty: Bool { count == 0 }

  /// Nobody listens to what has arrived by `now`.
  mutating func drop(arrivedBy now: Instant) { while receive(now: now) != nil {} }

  /// Loses everything under way.
  mutating func cut() { count = 0 }

  /// The sender's power goes: what has not left it never will.
  mutating func stopSending(now: Instant) {
    let gone = now + Self.propagation
    while count > 0, ring[(first + count - 1) % Self.capacity].arrival > gone { count -= 1 }
    freeAt = now
  }
}
