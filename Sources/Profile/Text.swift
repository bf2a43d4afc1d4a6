// Short text that a board file gives. It is no secret, so unlike `Bytes` it may be copied. Public
// fields that may not be copied would also not link: the compiler reads them through coroutines,
// which Embedded Swift's runtime for arm64 lacks (seen with 6.3.1).

/// At most `capacity - 1` bytes of UTF-8 without NUL, with a NUL after them.
public struct Text<let capacity: Int>: Sendable {
  private var storage = InlineArray<capacity, UInt8>(repeating: 0)
  public private(set) var count = 0

  init() {}

  init(_ bytes: Span<UInt8>) {
    precondition(bytes.count < capacity, "the key's rule has this limit")
    for index in bytes.indices { storage[index] = bytes[index] }
    count = bytes.count
  }

  public var isEmpty: Bool { count == 0 }

  /// The text without its NUL.
  public borrowing func withBytes<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try body(storage.span.extracting(0..<count))
  }

  /// The text as the NUL-terminated string that system calls take, valid during the call.
  public borrowing func withPointer<R: ~Copyable, E: Error>(
    _ body: (UnsafePointer<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try storage.span.withUnsafeBufferPointer { (characters) throws(E) in
      // A span of an inline array that is not empty has an address.
      try body(characters.baseAddress!)
    }
  }
}

extension Text: Equatable {
  public static func == (left: Text, right: Text) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left.storage[index] != right.storage[index] { return false }
    return true
  }
}

/// A file path of at most 107 bytes, which is what a socket's `sun_path` takes with its NUL. A
/// relative one counts from the directory in which the program was started.
public typealias Path = Text<108>

/// A line of the profile's GPIO chip.
public enum GPIOLine: Sendable, Equatable {
  case offset(UInt32)
  /// As the device tree calls it.
  case named(Text<32>)
}
