// Messages that are known to fit a frame, and records out of the outbox, sealed for the line.

import Octets

extension Session {
  /// Seals a message that is known to fit; false when there is no session.
  public mutating func write(
    _ message: Span<UInt8>, now: Instant, into frame: inout WireFrame
  ) -> Bool {
    do { return try seal(message, now: now, into: &frame) } catch {
      preconditionFailure("a message fits a frame")
    }
  }

  /// Seals record `index` of the outbox; false when there is no session or no such record.
  mutating func writeRecord(
    _ index: UInt64, of origin: Origin, outbox: borrowing Outbox, now: Instant,
    into frame: inout WireFrame
  ) -> Bool {
    var plain = MessageBytes()
    do throws(Overflow) {
      let found: Void? = try outbox.withRecord(index) { (sealed) throws(Overflow) in
        try ControllerMessage.encodeRecord(
          origin: origin, index: index, sealed: sealed, into: &plain)
      }
      guard found != nil else { return false }
    } catch { preconditionFailure("what fits the outbox fits a message") }
    return plain.withBytes { write($0, now: now, into: &frame) }
  }
}
