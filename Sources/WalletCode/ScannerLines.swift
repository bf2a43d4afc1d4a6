// What a scanner on a serial port sends, cut into lines: a code ends with CR, LF or both, comes in
// any number of reads, and may be followed or preceded by noise.

import Octets

/// How often a scanner's bytes were no line, since the start.
public struct ScannerCounts: Equatable, Sendable, BitwiseCopyable {
  /// Lines with at least one character that were handed out.
  public internal(set) var lines: UInt32 = 0
  /// Lines of more characters than `ScannerLines.limit`.
  public internal(set) var oversize: UInt32 = 0
  /// Lines with a byte that is not printable ASCII.
  public internal(set) var foreign: UInt32 = 0
  /// Lines that never ended.
  public internal(set) var cutShort: UInt32 = 0

  public init() {}
}

/// Collects one line at a time. A code is a secret: it is wiped when the next byte comes, and by
/// `wipe` as soon as it has been dealt with.
public struct ScannerLines: ~Copyable {
  /// Characters of a line, the AIM identifier included: EMVCo's limit for a code is 512.
  public static let limit = 515
  /// The silence after which a line that has not ended is given up. Scanners and the radio links in
  /// front of them pause for a tenth of that; nobody presents two codes within it.
  public static let patience = Interval.seconds(1)

  private enum State {
    /// The line's characters so far are in the buffer; there may be none.
    case collecting
    /// The line has something in it that no code has; what is left of it is passed over.
    case discarding
    /// A whole line is in the buffer, for the caller.
    case complete
  }

  private var line = Bytes<515>()
  private var state = State.collecting
  private var lastByte = Instant(nanoseconds: 0)
  public private(set) var counts = ScannerCounts()

  public init() {}

  /// Takes bytes from `offset` on, up to the end of the next line: then returns true, and the line
  /// is there until the next call. False when all bytes were taken and no line has ended.
  public mutating func receive(
    _ bytes: Span<UInt8>, from offset: inout Int, now: Instant
  ) -> Bool {
    giveUp(now: now)
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      lastByte = now
      if take(byte) { return true }
    }
    return false
  }

  /// Shows the line that `receive` announced, without its end.
  public borrowing func withLine<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try line.withBytes(body)
  }

  /// Wipes what was received. For when a line was dealt with, and when the port has gone.
  public mutating func wipe() {
    line.wipe()
    state = .collecting
  }

  private mutating func giveUp(now: Instant) {
    switch state {
    case .complete: wipe()
    case .collecting where line.isEmpty: break
    case .collecting, .discarding:
      guard now - lastByte > Self.patience else { return }
      counts.cutShort &+= 1
      wipe()
    }
  }

  /// True when `byte` ended a line.
  private mutating func take(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "\r"), UInt8(ascii: "\n"):
      // Also the second half of CR LF, and empty lines.
      guard !line.isEmpty, case .collecting = state else {
        wipe()
        return false
      }
      state = .complete
      counts.lines &+= 1
      return true
    case 0x20...0x7E:
      guard case .collecting = state else { return false }
      do { try line.append(byte) } catch {
        counts.oversize &+= 1
        discard()
      }
    default:
      guard case .collecting = state else { return false }
      counts.foreign &+= 1
      discard()
    }
    return false
  }

  private mutating func discard() {
    line.wipe()
    state = .discarding
  }
}
