// A cursor over bytes that came from outside. Nothing it does traps.

/// Reads forward over borrowed bytes.
public struct Reader: ~Copyable, ~Escapable {
  public let bytes: Span<UInt8>
  /// Offset of the next byte, for error messages.
  public private(set) var offset = 0

  @_lifetime(copy bytes)
  public init(_ bytes: Span<UInt8>) { self.bytes = bytes }

  public var remaining: Int { bytes.count - offset }
  public var isAtEnd: Bool { offset == bytes.count }

  public func peek() -> UInt8? { isAtEnd ? nil : bytes[offset] }

  public mutating func byte() throws(Truncated) -> UInt8 {
    guard offset < bytes.count else { throw Truncated() }
    defer { offset += 1 }
    return bytes[offset]
  }

  /// The next `count` bytes.
  @_lifetime(copy self)
  public mutating func take(_ count: Int) throws(Truncated) -> Span<UInt8> {
    guard count >= 0, count <= remaining else { throw Truncated() }
    defer { offset += count }
    return bytes.extracting(offset..<(offset + count))
  }

  /// An unsigned number of `I`'s size, most significant byte first.
  public mutating func bigEndian<I: FixedWidthInteger & UnsignedInteger>(
    _ type: I.Type = I.self
  ) throws(Truncated) -> I {
    let size = I.bitWidth / 8
    guard size <= remaining else { throw Truncated() }
    var value: I = 0
    for index in 0..<size { value = value &<< 8 | I(bytes[offset + index]) }
    offset += size
    return value
  }
}

/// Input that ends before what it promised.
public struct Truncated: Error, Equatable {
  public init() {}
}
