// Edges as the bench writes them, so that the whole program runs without a GPIO chip.

import Magstripe
import Octets

/// Decodes a stream of 16-byte records, all numbers least significant byte first:
///
///     0  time      64 bits  nanoseconds of CLOCK_MONOTONIC (of any origin in a recording)
///     8  sequence  32 bits  one more than the record before; a jump means that records were lost
///     12 line       8 bits  index into the board's lines
///     13 level      8 bits  level after the edge: 0 or 1
///     14 reserved  16 bits  0
///
/// A record may arrive in pieces. One that makes no sense is counted and becomes a gap.
struct EdgeStreamDecoder: ~Copyable {
  static let recordSize = 16
  /// Lines are stamped independently, but not that far apart.
  static let furthestBack = Interval.seconds(1)
  static let furthestAhead = Interval.seconds(1)

  private let lines: LineTable
  private var partial = InlineArray<16, UInt8>(repeating: 0)
  private var filled = 0
  /// What the last good record said; nil at the start of a stream and after a bad record.
  private var previous: (at: Instant, sequence: UInt32)?
  private(set) var badRecords: UInt64 = 0

  init(lines: LineTable) { self.lines = lines }

  /// A new stream begins: what is left of the old one is dropped.
  mutating func restart() {
    filled = 0
    previous = nil
  }

  /// `now` is nil for a recording, whose times are of any origin.
  mutating func feed(_ bytes: Span<UInt8>, now: Instant?, _ emit: (StripeEdge) -> Void) {
    for index in bytes.indices {
      partial[filled] = bytes[index]
      filled += 1
      guard filled == Self.recordSize else { continue }
      filled = 0
      decode(now, emit)
    }
  }

  private mutating func decode(_ now: Instant?, _ emit: (StripeEdge) -> Void) {
    let at = Instant(nanoseconds: littleEndian(0..<8))
    let sequence = UInt32(truncatingIfNeeded: littleEndian(8..<12))
    guard let role = lines[partial[12]], partial[13] <= 1, littleEndian(14..<16) == 0,
      isPlausible(at, now)
    else {
      badRecords += 1
      emit(StripeEdge(at: previous?.at ?? now ?? at, track: 0, signal: .gap))
      previous = nil
      return
    }
    if let previous, sequence != previous.sequence &+ 1 {
      emit(StripeEdge(at: at, track: 0, signal: .gap))
    }
    previous = (at, sequence)
    emit(StripeEdge(at: at, track: role.track, signal: role.signal, isHigh: partial[13] == 1))
  }

  private func isPlausible(_ at: Instant, _ now: Instant?) -> Bool {
    if let now, now < at, at - now > Self.furthestAhead { return false }
    guard let previous, at < previous.at else { return true }
    return !(previous.at - at > Self.furthestBack)
  }

  private func littleEndian(_ range: Range<Int>) -> UInt64 {
    var value: UInt64 = 0
    for index in range.reversed() { value = value << 8 | UInt64(partial[index]) }
    return value
  }
}
