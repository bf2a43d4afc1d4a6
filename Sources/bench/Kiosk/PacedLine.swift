// A serial line at its real speed: a pseudoterminal hands bytes over at once, a UART takes ten bit
// times for each. This one delays them, counts them, and flips bits by a seed.

import Foundation
import Glibc
import Octets
import Simulator
import Synchronization

/// Relays between the firmware's pseudoterminal and the register.
final class PacedLine: @unchecked Sendable {
  /// Bytes that went to the register and to the controller.
  struct Traffic {
    var toRegister = 0
    var toController = 0
    var both: Int { toRegister + toController }
  }

  private struct Direction {
    var source: Int32
    var target: Int32
    var freeAt = Instant(nanoseconds: 0)
    var underWay: [(arrival: Instant, byte: UInt8)] = []
  }

  /// Where the register reads and writes.
  let registerDescriptor: Int32
  private let farSide: Int32
  private let line: Pseudoterminal
  private let byteTime: Interval
  private let flips: Double
  private var random: SeededRandom
  private let counts = Mutex(Traffic())
  private let isStopping = Atomic(false)

  /// `line` is the firmware's; its near side is the relay's from now on.
  init(_ line: Pseudoterminal, _ settings: LineSettings) throws {
    var pair: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0 else {
      throw SystemFailure("socketpair")
    }
    for descriptor in pair {
      _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }
    (registerDescriptor, farSide) = (pair[0], pair[1])
    self.line = line
    byteTime = Interval(nanoseconds: 10_000_000_000 / Int64(settings.baud))
    flips = settings.flips
    random = SeededRandom(seed: settings.seed)
    let thread = Thread { [self] in run() }
    thread.stackSize = 1 << 20
    thread.start()
  }

  deinit {
    close(registerDescriptor)
    close(farSide)
  }

  var traffic: Traffic { counts.withLock { $0 } }
  func stop() { isStopping.store(true, ordering: .relaxed) }

  private func run() {
    raiseOwnPriority(50)
    var toRegister = Direction(source: line.descriptor, target: farSide)
    var toController = Direction(source: farSide, target: line.descriptor)
    while !isStopping.load(ordering: .relaxed) {
      let now = monotonicNow()
      let received = take(&toRegister, now)
      let sent = take(&toController, now)
      if received + sent > 0 {
        counts.withLock {
          $0.toRegister += received
          $0.toController += sent
        }
      }
      give(&toRegister, now)
      give(&toController, now)
      rest(toRegister, toController)
    }
  }

  /// Until something comes, or 150 us while bytes are under way.
  private func rest(_ one: Direction, _ other: Direction) {
    guard one.underWay.isEmpty, other.underWay.isEmpty else {
      usleep(150)
      return
    }
    var wanted = [one.source, other.source].map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    poll(&wanted, 2, 50)
  }

  private func take(_ direction: inout Direction, _ now: Instant) -> Int {
    var bytes = [UInt8](repeating: 0, count: 1_024)
    let count = read(direction.source, &bytes, bytes.count)
    guard count > 0 else { return 0 }
    for byte in bytes[..<count] {
      direction.freeAt = max(direction.freeAt, now) + byteTime
      let flip: UInt8 = random.chance(flips) ? 1 << UInt8(random.below(8)) : 0
      direction.underWay.append((direction.freeAt, byte ^ flip))
    }
    return count
  }

  private func give(_ direction: inout Direction, _ now: Instant) {
    let due = direction.underWay.prefix { $0.arrival <= now }.map(\.byte)
    guard !due.isEmpty else { return }
    let count = write(direction.target, due, due.count)
    if count > 0 { direction.underWay.removeFirst(count) }
  }
}
