// The far side of the firmware's edge stream: plays a swipe's edges in real time, as a kernel would
// deliver them.

import Foundation
import Glibc
import Magstripe
import Octets

/// Monotonic time, as the firmware's capture sees it.
func monotonicNow() -> Instant {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
}

func sleepUntil(_ instant: Instant) {
  var time = timespec(
    tv_sec: Int(instant.nanoseconds / 1_000_000_000),
    tv_nsec: Int(instant.nanoseconds % 1_000_000_000))
  while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
}

/// Writes 16-byte edge records into the FIFO that the virtual board names as its stripe source.
final class EdgeFeed {
  /// How far edges are handed over ahead of their time, so that a bench that is held up (virtual
  /// machines lose 10 ms now and then, emulated processors more) is not taken for a card that
  /// stopped. Release times count from the edges' own times and stay what they are. The firmware
  /// takes edges up to a second ahead.
  private let lead: Interval
  private let descriptor: Int32
  private var sequence: UInt32 = 0
  /// How far the last swipe was handed over behind its own times: what a busy machine did to us.
  private(set) var lag = Interval.milliseconds(0)

  init(_ path: String, lead: Interval) throws {
    self.lead = lead
    descriptor = open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemFailure("open \(path)") }
  }

  deinit { close(descriptor) }

  /// One edge of a swipe: when (nanoseconds from the swipe's start), which line, which level.
  struct Edge {
    var offset: UInt64
    var line: UInt8
    var level: UInt8
  }

  /// Plays `edges` in real time, starting now; returns the time stamp of the last.
  func play(_ edges: [Edge]) throws -> Instant {
    let start = monotonicNow() + lead
    let ahead = Interval(nanoseconds: -lead.nanoseconds)
    var pending = Data()
    var index = 0
    lag = .milliseconds(0)
    while index < edges.count {
      let due = start + Interval(nanoseconds: Int64(edges[index].offset))
      sleepUntil(due + ahead)
      let now = monotonicNow() + lead
      lag = max(lag, now + ahead - due)
      while index < edges.count,
        start + Interval(nanoseconds: Int64(edges[index].offset)) <= now
      {
        append(edges[index], at: start, to: &pending)
        index += 1
      }
      try flush(&pending)
    }
    return start + Interval(nanoseconds: Int64(edges.last?.offset ?? 0))
  }

  /// Skips sequence numbers, as a kernel does when its buffer overflowed.
  func lose(_ count: UInt32) { sequence &+= count }

  private func append(_ edge: Edge, at start: Instant, to data: inout Data) {
    let time = start + Interval(nanoseconds: Int64(edge.offset))
    withUnsafeBytes(of: time.nanoseconds.littleEndian) { data.append(contentsOf: $0) }
    withUnsafeBytes(of: sequence.littleEndian) { data.append(contentsOf: $0) }
    data.append(contentsOf: [edge.line, edge.level, 0, 0])
    sequence &+= 1
  }

  private func flush(_ data: inout Data) throws {
    try data.withUnsafeBytes { bytes in
      var sent = 0
      while sent < bytes.count {
        let count = write(descriptor, bytes.baseAddress! + sent, bytes.count - sent)
        guard count > 0 else { throw SystemFailure("write edges") }
        sent += count
      }
    }
    data.removeAll(keepingCapacity: true)
  }
}
