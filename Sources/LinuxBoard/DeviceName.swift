// Names of devices as C wants them, in place.

/// A path or a name of at most 107 bytes (a UNIX socket's limit), ended by a NUL.
public struct DeviceName: Sendable, BitwiseCopyable {
  public static let capacity = 107
  private var storage = InlineArray<108, CChar>(repeating: 0)

  /// Nil when the name is empty, too long or has a NUL.
  public init?(_ name: Span<UInt8>) {
    guard name.count > 0, name.count <= Self.capacity else { return nil }
    for index in name.indices {
      guard name[index] != 0 else { return nil }
      storage[index] = CChar(bitPattern: name[index])
    }
  }

  public func withCString<R: ~Copyable, E: Error>(
    _ body: (UnsafePointer<CChar>) throws(E) -> R
  ) throws(E) -> R {
    try storage.span.withUnsafeBufferPointer { (characters) throws(E) -> R in
      // A span of an inline array of 108 is never empty.
      try body(characters.baseAddress!)
    }
  }
}
