// BER-TLV as payment cards and wallet codes use it (ISO/IEC 8825-1, EMV Book 3 annex B). Objects
// are found by their place in borrowed bytes; nothing is copied and nothing traps.

/// One data object: its tag, and where its value lies in the bytes it was read from.
public struct TLV: Equatable, Sendable {
  /// All bytes of the tag, most significant first: 0x9F26 is the tag `9F26`.
  public let tag: UInt32
  public let value: Range<Int>

  /// Whether the value is data objects itself.
  public var isConstructed: Bool { Self.isConstructed(tag) }

  /// Bit 6 of a tag's first byte.
  public static func isConstructed(_ tag: UInt32) -> Bool {
    let first = tag > 0xFFFF ? tag >> 16 : tag > 0xFF ? tag >> 8 : tag
    return first & 0x20 != 0
  }

  /// Reads the object that begins at `offset`, which then stands behind it; nil at the end. Zeros
  /// before, between and behind objects are passed over (EMV Book 3 annex B1).
  public static func next(
    in bytes: Span<UInt8>, from offset: inout Int
  ) throws(TLVError) -> TLV? {
    while offset < bytes.count, bytes[offset] == 0 { offset += 1 }
    guard offset < bytes.count else { return nil }
    var place = offset
    let tag = try readTag(in: bytes, from: &place)
    let length = try readLength(in: bytes, from: &place)
    guard length <= bytes.count - place else { throw .truncated }
    offset = place + length
    return TLV(tag: tag, value: place..<offset)
  }

  /// The value of the first object with this tag; objects inside others are not looked at.
  public static func find(
    _ tag: UInt32, in bytes: Span<UInt8>
  ) throws(TLVError) -> Range<Int>? {
    var offset = 0
    while let object = try next(in: bytes, from: &offset) {
      if object.tag == tag { return object.value }
    }
    return nil
  }

  /// A tag of one to three bytes: EMV's kernels use no longer ones.
  public static func readTag(
    in bytes: Span<UInt8>, from offset: inout Int
  ) throws(TLVError) -> UInt32 {
    var tag = UInt32(try byte(in: bytes, from: &offset))
    guard tag & 0x1F == 0x1F else { return tag }
    for _ in 0..<2 {
      let next = try byte(in: bytes, from: &offset)
      tag = tag << 8 | UInt32(next)
      if next & 0x80 == 0 { return tag }
    }
    throw .longTag
  }

  /// Short form, or one or two bytes behind 81 or 82.
  private static func readLength(
    in bytes: Span<UInt8>, from offset: inout Int
  ) throws(TLVError) -> Int {
    let first = try byte(in: bytes, from: &offset)
    switch first {
    case 0..<0x80: return Int(first)
    case 0x81: return Int(try byte(in: bytes, from: &offset))
    case 0x82:
      let high = Int(try byte(in: bytes, from: &offset))
      return high << 8 | Int(try byte(in: bytes, from: &offset))
    default: throw .longLength
    }
  }

  private static func byte(
    in bytes: Span<UInt8>, from offset: inout Int
  ) throws(TLVError) -> UInt8 {
    guard offset < bytes.count else { throw .truncated }
    defer { offset += 1 }
    return bytes[offset]
  }
}

/// What was wrong with a data object.
public enum TLVError: Error, Equatable {
  case truncated
  /// A tag of more than three bytes.
  case longTag
  /// An indefinite length, or one in more than two bytes.
  case longLength
}

extension Bytes {
  /// Appends a tag of one to three bytes.
  public mutating func append(tag: UInt32) throws(Overflow) {
    if tag > 0xFFFF {
      guard room >= 3 else { throw Overflow() }
      try append(UInt8(truncatingIfNeeded: tag >> 16))
    }
    if tag > 0xFF {
      try append(bigEndian: UInt16(truncatingIfNeeded: tag))
    } else {
      try append(UInt8(tag))
    }
  }

  /// Appends a whole data object, or nothing.
  public mutating func append(tag: UInt32, value: Span<UInt8>) throws(Overflow) {
    let tagSize = tag > 0xFFFF ? 3 : tag > 0xFF ? 2 : 1
    let lengthSize = value.count < 0x80 ? 1 : value.count < 0x100 ? 2 : 3
    guard value.count <= 0xFFFF, value.count <= room,
      tagSize + lengthSize <= room - value.count
    else { throw Overflow() }
    try append(tag: tag)
    if lengthSize == 2 { try append(0x81) }
    if lengthSize == 3 {
      try append(0x82)
      try append(bigEndian: UInt16(value.count))
    } else {
      try append(UInt8(value.count))
    }
    try append(value)
  }
}
