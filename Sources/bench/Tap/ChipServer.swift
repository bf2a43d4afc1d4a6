// A virtual PN532 on a pseudoterminal, in real time: bytes take as long as on a wire of the chip's
// rate, in both directions, and cards and radio take theirs.

import CSerial
import Foundation
import Glibc
import Octets
import Simulator
import Synchronization

/// What one tap spent, told from the chip's side.
struct TapTimes: Sendable {
  /// From the list that found the card to the last byte of its last answer.
  var total = Interval(nanoseconds: 0)
  var card = Interval(nanoseconds: 0)
  var radio = Interval(nanoseconds: 0)
  /// Bytes on the wire at the wire's speed.
  var wire = Interval(nanoseconds: 0)
  /// From an answer's last byte to the next command's first: the host's own.
  var host = Interval(nanoseconds: 0)
  /// What is left: acknowledgements' waits, the chip's own time, this machine's.
  var rest: Interval {
    Interval(
      nanoseconds: total.nanoseconds - card.nanoseconds - radio.nanoseconds - wire.nanoseconds
        - host.nanoseconds)
  }
  var exchanges = 0
  var bytes = 0
}

final class ChipServer: @unchecked Sendable {
  private struct Shared {
    var chip = VirtualPN532()
    var isStopping = false
    var tap: TapMeter?
    var log: [(at: Instant, isFromHost: Bool, bytes: [UInt8])] = []
  }

  let line: Pseudoterminal
  private let shared = Mutex(Shared())
  private let keepsLog: Bool

  /// `keepsLog`: every run of bytes is kept for `log`.
  init(faults: ChipFaults = ChipFaults(), keepsLog: Bool = false) throws {
    line = try Pseudoterminal()
    self.keepsLog = keepsLog
    shared.withLock { $0.chip.faults = faults }
    let thread = Thread { [self] in run() }
    thread.stackSize = 1 << 20
    thread.start()
  }

  func stop() { shared.withLock { $0.isStopping = true } }

  /// Holds cards before the antenna, instead of those that are there.
  func present(_ cards: [VirtualCard]) { shared.withLock { $0.chip.cards = cards } }

  var cards: [VirtualCard] { shared.withLock { $0.chip.cards } }
  var rate: Int { shared.withLock { $0.chip.rate } }
  var times: TapTimes? { shared.withLock { $0.tap?.times } }
  var log: [(at: Instant, isFromHost: Bool, bytes: [UInt8])] { shared.withLock { $0.log } }

  /// The speed the host has set its end to. A pseudoterminal has no other, but remembers it.
  private var hostRate: Int? {
    var settings = termios()
    guard tcgetattr(line.descriptor, &settings) == 0 else { return nil }
    return Self.speeds[cfgetospeed(&settings)]
  }

  private static let speeds: [speed_t: Int] = [
    speed_t(B9600): 9_600, speed_t(B19200): 19_200, speed_t(B38400): 38_400,
    speed_t(B57600): 57_600, speed_t(B115200): 115_200, speed_t(B230400): 230_400,
    speed_t(B460800): 460_800, speed_t(B921600): 921_600,
  ]

  private func run() {
    raiseOwnPriority(48)
    /// Bytes still on the wire to the chip, with the host's rate before and after they were read.
    var coming: [(byte: UInt8, due: Instant, rates: (Int?, Int?))] = []
    var hostFree = monotonicNow()
    while !shared.withLock({ $0.isStopping }) {
      let now = monotonicNow()
      let (output, due, byteTime) = shared.withLock { shared in
        while let first = coming.first, first.due <= now {
          // A pseudoterminal does not say at which rate a byte was written: a host that changed its
          // rate meanwhile has sent it at the one that fits.
          let (before, after) = first.rates
          let sentAt = before == shared.chip.rate ? before : after
          shared.chip.receive(first.byte, at: first.due, hostRate: sentAt)
          coming.removeFirst()
        }
        var output: [UInt8] = []
        while let byte = shared.chip.transmit(at: now) { output.append(byte) }
        let byteTime = Interval(nanoseconds: 10_000_000_000 / Int64(shared.chip.rate))
        if !output.isEmpty { note(output, isFromHost: false, now, &shared) }
        return (output, shared.chip.nextDue, byteTime)
      }
      write(output)
      let before = hostRate
      wait(until: [due, coming.first?.due].compactMap(\.self).min())
      let bytes = read()
      guard !bytes.isEmpty else { continue }
      let at = monotonicNow()
      hostFree = max(hostFree, at)
      let after = hostRate
      for byte in bytes {
        hostFree = hostFree + byteTime
        coming.append((byte, hostFree, (before, after)))
      }
      shared.withLock { note(bytes, isFromHost: true, at, &$0) }
    }
  }

  private func note(
    _ bytes: [UInt8], isFromHost: Bool, _ now: Instant, _ shared: inout Shared
  ) {
    if keepsLog { shared.log.append((now, isFromHost, bytes)) }
    if shared.tap == nil { shared.tap = TapMeter() }
    shared.tap?.note(bytes, isFromHost: isFromHost, now, shared.chip)
  }

  private func write(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.write(line.descriptor, $0.baseAddress, $0.count)
      }
      // Nobody reads: the bytes are lost, as on a wire.
      guard count > 0 else { return }
      sent += count
    }
  }

  private func read() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 1024)
    let count = Glibc.read(line.descriptor, &bytes, bytes.count)
    return count > 0 ? Array(bytes[..<count]) : []
  }

  /// Until bytes come from the host, something is due, or 2 ms have passed.
  private func wait(until due: Instant?) {
    let limit = Interval.milliseconds(2)
    let left = due.map { min($0 - monotonicNow(), limit) } ?? limit
    guard left.nanoseconds > 0 else { return }
    _ = tg_port_wait(line.descriptor, Int(left.nanoseconds))
  }
}

/// Splits a tap's time into whose it was, from the bytes that pass.
struct TapMeter: Sendable {
  private(set) var times = TapTimes()
  private var frames = FrameScan()
  private var host = FrameScan()
  private var start: (at: Instant, card: Interval, radio: Interval, bytes: Int)?
  /// An answer has left and the host is to say something.
  private var answeredAt: Instant?

  mutating func note(
    _ bytes: [UInt8], isFromHost: Bool, _ now: Instant, _ chip: VirtualPN532
  ) {
    if isFromHost {
      if let answeredAt, start != nil { times.host = times.host + (now - answeredAt) }
      answeredAt = nil
      for content in host.feed(bytes) where content.first == 0x32 { start = nil }
      return
    }
    for content in frames.feed(bytes) {
      answeredAt = now
      switch content.first {
      case 0x4B where content.count > 2 && content[1] == 1 && start == nil:
        times = TapTimes()
        start = (now, chip.cardTime, chip.radioTime, chip.wireBytes)
      case 0x41, 0x43: close(now, chip)
      default: break
      }
    }
  }

  private mutating func close(_ now: Instant, _ chip: VirtualPN532) {
    guard let start else { return }
    times.exchanges += 1
    times.total = now - start.at
    times.card = Interval(nanoseconds: chip.cardTime.nanoseconds - start.card.nanoseconds)
    times.radio = Interval(nanoseconds: chip.radioTime.nanoseconds - start.radio.nanoseconds)
    times.bytes = chip.wireBytes - start.bytes
    times.wire = Interval(nanoseconds: Int64(times.bytes) * (10_000_000_000 / Int64(chip.rate)))
  }
}

/// Whole frames in a run of bytes, normal or extended, with the zero behind them; their content
/// behind the direction byte.
struct FrameScan: Sendable {
  private var bytes: [UInt8] = []

  mutating func feed(_ more: [UInt8]) -> [[UInt8]] {
    bytes += more
    var found: [[UInt8]] = []
    while let start = bytes.indices.dropLast(4).first(where: {
      bytes[$0] == 0 && bytes[$0 + 1] == 0xFF
    }) {
      let (head, length) = size(at: start + 2)
      if length == 0 {
        bytes.removeFirst(start + 4)
        continue
      }
      guard bytes.count >= start + 2 + head + length + 2 else { break }
      found.append(Array(bytes[(start + 3 + head)..<(start + 2 + head + length)]))
      bytes.removeFirst(start + 2 + head + length + 2)
    }
    if bytes.count > 1_000 { bytes.removeFirst(500) }
    return found
  }

  /// Bytes of the length field, and the length; 0 for ACK, NACK and what is no frame.
  private func size(at place: Int) -> (head: Int, length: Int) {
    switch (bytes[place], bytes[place + 1]) {
    case (0xFF, 0xFF) where bytes.count > place + 4:
      (5, Int(bytes[place + 2]) << 8 | Int(bytes[place + 3]))
    case (let length, let check) where length &+ check == 0 && length > 0: (2, Int(length))
    default: (2, 0)
    }
  }
}
