// The register's end of the line while it is being paired: bytes and time in, events and frames
// out. Afterwards a RegisterSession takes the line, with the keys that this one ends with.

import Link
import Octets

public struct PairingSession: ~Copyable {
  private var decoder = FrameDecoder()
  private var pairing: RegisterPairing
  private var line: LineClock

  /// - Parameters:
  ///   - secret: the register's static secret key, 32 random bytes that it keeps for ever; copied.
  ///   - name: what the controller's list will call it.
  ///   - byteTime: of one byte on the line, ten bit times.
  public init(
    secret: borrowing Key, name: RegisterName, byteTime: Interval, now: Instant
  ) throws(KeyError) {
    pairing = try RegisterPairing(secret: secret, name: name)
    line = LineClock(byteTime: byteTime, now: now)
  }

  public var counts: PairingCounts { pairing.counts }

  /// Whether 32 random bytes are wanted. Asked before `start`.
  public var needsSeed: Bool { pairing.needsSeed }

  /// Takes 32 fresh random bytes and wipes them.
  public mutating func provideSeed(_ seed: inout Key) { pairing.provideSeed(&seed) }

  /// Asks the controller for two minutes, until its window is open. False without randomness, or
  /// when a pairing is under way.
  public mutating func start(now: Instant) -> Bool { pairing.start(now: now) }

  /// The code that somebody typed after `typeCode`: one try. False when none is wanted.
  public mutating func type(_ code: UInt32, now: Instant) -> Bool { pairing.type(code, now: now) }

  /// Gives up; a controller that shows a code is told.
  public mutating func cancel() { pairing.cancel() }

  /// The controller's static public key and the key of the records, once `paired`.
  public borrowing func withResult<R: ~Copyable>(
    _ body: (_ controller: Span<UInt8>, _ recordKey: Span<UInt8>) -> R
  ) -> R? {
    pairing.withResult(body)
  }

  /// Wipes every key; the session is good for nothing afterwards.
  public mutating func wipe() { pairing.wipe() }

  /// Takes what the line delivered, from `offset` on, up to the next event. Called until it
  /// returns nil, and also when nothing was delivered.
  public mutating func receive(
    _ bytes: Span<UInt8>, from offset: inout Int, now: Instant
  ) -> RegisterPairingEvent? {
    if let event = pairing.tick(now: now) { return event }
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      guard decoder.feed(byte) else { continue }
      if let event = decoder.withContent({ pairing.receive($0, now: now) }) { return event }
    }
    return nil
  }

  /// Puts the next frame to write, if one is due and the line is free, into `frame`.
  public mutating func nextOutput(now: Instant, into frame: inout WireFrame) -> Bool {
    guard line.isFree(now: now), pairing.nextFrame(now: now, into: &frame) else { return false }
    _ = line.occupy(frame.count, now: now)
    return true
  }

  /// When to call `receive` and `nextOutput` next if nothing comes before.
  public borrowing func nextDeadline(now: Instant) -> Instant {
    line.whenFree(after: pairing.nextDeadline(now: now))
  }
}
