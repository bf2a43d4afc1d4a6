// Frames of the PN532's high-speed UART (NXP UM0701-02 section 6.2.1): written here, found in a
// stream of bytes here.

import Octets

/// A frame as it goes to the wire.
public typealias PN532Wire = Bytes<300>
/// What a frame carries behind its direction byte: command or answer code and parameters.
public typealias PN532Content = Bytes<264>

public enum PN532Frame {
  static let fromHost: UInt8 = 0xD4
  static let fromChip: UInt8 = 0xD5
  /// LEN of a normal frame counts the direction byte.
  static let longestNormal = 254

  /// Replaces `wire` by the frame that carries `content`: a normal one, or an extended one when it
  /// is longer than 254 bytes. `content` is what `PN532Content` holds at most.
  static func encode(_ content: Span<UInt8>, into wire: inout PN532Wire) throws(Overflow) {
    wire.removeAll()
    try wire.append(bigEndian: UInt16(0))
    try wire.append(0xFF)
    let length = content.count + 1
    if content.count <= longestNormal {
      try wire.append(UInt8(length))
      try wire.append(0 &- UInt8(length))
    } else {
      try wire.append(bigEndian: UInt16(0xFFFF))
      try wire.append(bigEndian: UInt16(length))
      try wire.append(0 &- UInt8(truncatingIfNeeded: length >> 8) &- UInt8(length & 0xFF))
    }
    var sum = fromHost
    try wire.append(fromHost)
    try wire.append(content)
    for index in content.indices { sum &+= content[index] }
    try wire.append(0 &- sum)
    try wire.append(0)
  }

  /// Appends an ACK: the answer has come; or, while a command runs, abandon it.
  static func appendACK<let size: Int>(to wire: inout Bytes<size>) throws(Overflow) {
    try wire.append(bigEndian: UInt16(0))
    try wire.append(bigEndian: UInt32(0xFF00_FF00))
  }

  /// Appends a NACK: send the last answer again.
  static func appendNACK<let size: Int>(to wire: inout Bytes<size>) throws(Overflow) {
    try wire.append(bigEndian: UInt16(0))
    try wire.append(bigEndian: UInt32(0xFFFF_0000))
  }
}

/// Finds frames in what the chip sends. Any number of bytes may stand between frames: it
/// resynchronises on `00 FF`.
public struct PN532Receiver: ~Copyable {
  public enum Found: Equatable, Sendable {
    case ack
    case nack
    /// An answer; `withContent` shows it until the next byte.
    case answer
    /// The chip did not understand the command.
    case syntaxError
    /// A start code, but a wrong checksum behind it or an impossible length.
    case damaged
  }

  private enum State {
    /// Waiting for `00 FF`; whether the last byte was 00.
    case between(zero: Bool)
    /// The byte behind the start code.
    case length
    case lengthChecksum(UInt8)
    /// The rest of an extended frame's head.
    case extended(got: Int, sum: UInt8, length: Int)
    /// The direction byte; `length` counts it.
    case direction(length: Int)
    /// `left` bytes of content and checksum to come.
    case content(left: Int, sum: UInt8)
    /// The zero behind a good checksum. Without it a byte was lost: a lost zero leaves the sum
    /// right.
    case postamble
  }

  private var state = State.between(zero: false)
  private var direction: UInt8 = 0
  private var content = PN532Content()

  public init() {}

  /// Behind a start code, and not at the frame's end.
  var isInFrame: Bool { if case .between = state { false } else { true } }

  /// Forgets a frame that was begun.
  public mutating func reset() {
    state = .between(zero: false)
    content.wipe()
  }

  /// The content of the answer that `feed` just completed: answer code and parameters.
  public borrowing func withContent<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try content.withBytes(body)
  }

  /// Takes the next byte; what it completed, if it completed anything.
  public mutating func feed(_ byte: UInt8) -> Found? {
    switch state {
    case .between(let zero):
      state = zero && byte == 0xFF ? .length : .between(zero: byte == 0)
      return nil
    case .length:
      state = .lengthChecksum(byte)
      return nil
    case .lengthChecksum(let length): return startFrame(length, checksum: byte)
    case .extended(let got, let sum, let length):
      return extend(got: got, sum: sum, length: length, byte)
    case .direction(let length):
      direction = byte
      state = .content(left: length, sum: byte)
      return nil
    case .content(let left, let sum): return take(byte, left: left, sum: sum)
    case .postamble: return byte == 0 ? end(.answer) : damaged(last: byte)
    }
  }

  private mutating func startFrame(_ length: UInt8, checksum: UInt8) -> Found? {
    switch (length, checksum) {
    case (0x00, 0xFF): return end(.ack)
    case (0xFF, 0x00): return end(.nack)
    case (0xFF, 0xFF):
      state = .extended(got: 0, sum: 0, length: 0)
      return nil
    default:
      guard length &+ checksum == 0, length > 0 else { return damaged(last: checksum) }
      return expect(Int(length))
    }
  }

  private mutating func extend(got: Int, sum: UInt8, length: Int, _ byte: UInt8) -> Found? {
    guard got == 2 else {
      state = .extended(got: got + 1, sum: sum &+ byte, length: length << 8 | Int(byte))
      return nil
    }
    guard sum &+ byte == 0, length > 0 else { return damaged(last: byte) }
    return expect(length)
  }

  /// `length` counts the direction byte; the checksum comes behind it.
  private mutating func expect(_ length: Int) -> Found? {
    content.removeAll()
    guard length - 1 <= content.room else { return damaged(last: 0) }
    state = .direction(length: length)
    return nil
  }

  private mutating func take(_ byte: UInt8, left: Int, sum: UInt8) -> Found? {
    let total = sum &+ byte
    if left == 1 { return total == 0 ? finish() : damaged(last: byte) }
    do { try content.append(byte) } catch { return damaged(last: byte) }
    state = .content(left: left - 1, sum: total)
    return nil
  }

  private mutating func finish() -> Found? {
    // The error frame carries 7F in the direction's place (UM0701-02 section 6.2.1.5).
    if direction == 0x7F, content.isEmpty { return end(.syntaxError) }
    guard direction == PN532Frame.fromChip, !content.isEmpty else { return damaged(last: 0xFF) }
    state = .postamble
    return nil
  }

  private mutating func end(_ found: Found) -> Found? {
    state = .between(zero: false)
    return found
  }

  private mutating func damaged(last: UInt8) -> Found? {
    state = .between(zero: last == 0)
    return .damaged
  }
}
