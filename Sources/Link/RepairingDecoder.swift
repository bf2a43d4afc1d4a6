// Finds frames in a stream of bytes, as FrameDecoder does, and also those that carry parity, whole
// or put right by it.

import Octets

public struct RepairingDecoder: ~Copyable {
  private var plain = FrameDecoder()
  /// What came since the last zero, as far as a frame may have it.
  private var wire = Bytes<638>()
  private var isTooLong = false
  public private(set) var counts = FrameCounts()

  public init() {}

  /// Takes the next byte; true when it completed a frame that is good or could be put right, which
  /// `withContent` shows until the next byte.
  public mutating func feed(_ byte: UInt8) -> Bool {
    if byte != 0 { keep(byte) }
    guard let ending = plain.step(byte) else { return false }
    defer {
      wire.removeAll()
      isTooLong = false
    }
    if ending != .good, !isTooLong, let corrected = repairWire() {
      counts.note(.good)
      if corrected > 0 { counts.repaired &+= 1 }
      return true
    }
    counts.note(ending)
    return ending == .good
  }

  private mutating func keep(_ byte: UInt8) {
    do { try wire.append(byte) } catch { isTooLong = true }
  }

  /// How many wrong bytes were put right, if that made a frame with a right CRC.
  private mutating func repairWire() -> Int? {
    guard let corrected = repair(&wire) else { return nil }
    for index in 0..<wire.count where plain.step(wire[index]) != nil { return nil }
    return plain.step(0) == .good ? corrected : nil
  }

  /// The content of the frame that `feed` just completed.
  public borrowing func withContent<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try plain.withContent(body)
  }
}
