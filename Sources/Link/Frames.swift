// Frames on the register line: `00 | COBS(content, CRC-32C) | 00`. A zero at both ends costs one
// byte more than a single delimiter and loses no frame that no error touched.

import Octets

public enum LinkLimits {
  /// A frame on the wire with both delimiters. CRC-32C keeps Hamming distance 6 up to 655 bytes.
  public static let frame = 640
  /// What COBS carries in a frame: content and CRC. Its overhead is one byte per 254.
  static let decoded = 635
  /// The content of a frame: header and body.
  public static let content = 631
  /// A message in the clear: content without the 13-byte header and the 16-byte tag.
  public static let message = 602
  /// A sealed record within a record message.
  public static let record = 560
  /// A frame from which on parity is worth its bytes, for those who take it.
  static let protected = 200
  /// Subtree roots in a boot message.
  public static let peaks = 15
}

/// One frame as it goes to the wire.
public typealias WireFrame = Bytes<640>
/// Header and body of one frame.
public typealias FrameContent = Bytes<631>

public struct FrameCounts: Equatable, Sendable {
  public var good: UInt64 = 0
  /// Of those, frames with wrong bytes that parity put right.
  public var repaired: UInt64 = 0
  /// Decoded, but the checksum is wrong or there is less than a checksum and one byte: noise.
  public var badCRC: UInt64 = 0
  /// A block that the delimiter cut short: noise.
  public var badCOBS: UInt64 = 0
  public var oversize: UInt64 = 0

  public init() {}

  /// Everything that was no frame.
  public var noise: UInt64 { badCRC &+ badCOBS &+ oversize }

  mutating func note(_ ending: FrameEnding) {
    switch ending {
    case .good: good &+= 1
    case .badCRC: badCRC &+= 1
    case .badCOBS: badCOBS &+= 1
    case .oversize: oversize &+= 1
    }
  }
}

/// What the bytes between two zeros were.
enum FrameEnding {
  case good
  case badCRC
  case badCOBS
  case oversize
}

/// Finds frames in a stream of bytes. Resynchronises at every zero; nothing at all between two
/// zeros is normal and not counted.
public struct FrameDecoder: ~Copyable {
  private enum State {
    /// Nothing since the last zero.
    case between
    /// `left` bytes of a COBS block to come; `full` when the block is not followed by a zero.
    case block(left: Int, full: Bool)
    /// Too long: waiting for the zero.
    case skipping
  }

  private var state = State.between
  private var decoded = Bytes<635>()
  public private(set) var counts = FrameCounts()

  public init() {}

  /// Takes the next byte; true when it completed a good frame, which `withContent` shows until the
  /// next byte.
  public mutating func feed(_ byte: UInt8) -> Bool {
    guard let ending = step(byte) else { return false }
    counts.note(ending)
    return ending == .good
  }

  /// Takes the next byte; what ended with it. Counts nothing.
  mutating func step(_ byte: UInt8) -> FrameEnding? {
    if byte == 0 { return delimit() }
    switch state {
    case .between:
      decoded.removeAll()
      state = .block(left: Int(byte) - 1, full: byte == 0xFF)
    case .block(left: 0, let full):
      state = .block(left: Int(byte) - 1, full: byte == 0xFF)
      if !full { append(0) }
    case .block(let left, let full):
      state = .block(left: left - 1, full: full)
      append(byte)
    case .skipping: break
    }
    return nil
  }

  private mutating func append(_ byte: UInt8) {
    do { try decoded.append(byte) } catch { state = .skipping }
  }

  private mutating func delimit() -> FrameEnding? {
    defer { state = .between }
    switch state {
    case .between: return nil
    case .skipping: return .oversize
    case .block(let left, _):
      guard left == 0 else { return .badCOBS }
      return hasGoodChecksum() ? .good : .badCRC
    }
  }

  private borrowing func hasGoodChecksum() -> Bool {
    guard decoded.count > 4 else { return false }
    return decoded.withBytes { bytes in
      let size = bytes.count - 4
      var received: UInt32 = 0
      for index in size..<bytes.count { received = received << 8 | UInt32(bytes[index]) }
      return received == CRC32C.of(bytes.extracting(0..<size))
    }
  }

  /// The content of the frame that `feed` just completed.
  public borrowing func withContent<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try decoded.withBytes { (bytes) throws(E) in
      try body(bytes.extracting(0..<max(bytes.count - 4, 0)))
    }
  }
}

/// Writes `content`, its CRC-32C (most significant byte first) and both delimiters as one frame.
/// Throws when the content is longer than `LinkLimits.content`.
public func encodeFrame(_ content: Span<UInt8>, into frame: inout WireFrame) throws(Overflow) {
  guard content.count <= LinkLimits.content else { throw Overflow() }
  frame.removeAll()
  try frame.append(0)
  var block = try COBSBlock(in: &frame)
  for index in content.indices { try block.put(content[index], into: &frame) }
  let crc = CRC32C.of(content)
  for place in 0..<4 {
    try block.put(UInt8(truncatingIfNeeded: crc >> (24 - 8 * UInt32(place))), into: &frame)
  }
  block.close(in: &frame)
  try frame.append(0)
}

/// The COBS block being written: its code byte is filled in when its length is known. A block of
/// 254 bytes that ends the data is not followed by an empty one.
private struct COBSBlock {
  private var codeAt: Int
  private var run = 0

  init(in frame: inout WireFrame) throws(Overflow) {
    codeAt = frame.count
    try frame.append(1)
  }

  mutating func put(_ byte: UInt8, into frame: inout WireFrame) throws(Overflow) {
    if run == 254 { try next(in: &frame) }
    if byte == 0 { return try next(in: &frame) }
    try frame.append(byte)
    run += 1
  }

  private mutating func next(in frame: inout WireFrame) throws(Overflow) {
    close(in: &frame)
    self = try COBSBlock(in: &frame)
  }

  func close(in frame: inout WireFrame) { frame[codeAt] = UInt8(run + 1) }
}
